import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Json } from '#audit/event.ts';
import type { LiveIssuers } from '#authority/issuers.ts';
import type { RootsKnown } from '#authority/root-overlap.ts';
import { RootsError, withRoots } from '#authority/roots.ts';
import type { LiveIssuer, RelayedIssuer } from '#issuance/live-issuer.ts';
import type { AuditLog } from '#issuance/ports.ts';
import { Refusal } from '#refusal/refusal.ts';
import { readPemBlocks } from '#x509/pem.ts';
import { fromFiles } from './events.ts';
import type { Foundation } from './foundation.ts';
import { Looks } from './looks.ts';
import type { RootsKnownFile } from './roots-known.ts';

/** ms between two looks at the files: a mounted ConfigMap changes by a swapped link, which no watch tells reliably. */
const lookEveryMs = 2_000;

/** What is known of roots that were here, and the file that it outlives the process in. */
export interface RootsMemory {
  readonly known: () => RootsKnown;
  readonly file: RootsKnownFile;
  /** PEM of the bundle that the process before this one handed out; empty where there was none. */
  readonly before: string;
}

/**
 * The files of roots, followed while the server runs. A good new bundle is recorded, and then goes into every answer, the
 * check of client certificates and whatever is distributed; a bad one is told of, and the old one stays.
 */
export class FollowedRoots {
  readonly #foundation: Foundation;
  readonly #issuers: LiveIssuers;
  readonly #log: AuditLog;
  readonly #memory: RootsMemory;
  /** By issuer: the text that was last taken or refused. */
  readonly #seen = new Map<string, string>();
  /** The bundle that the log knows: an issuer that is renewed reads its file too, and may be faster than a look. */
  #recorded: string;
  readonly #looks: Looks;

  private constructor(foundation: Foundation, issuers: LiveIssuers, log: AuditLog, memory: RootsMemory) {
    this.#memory = memory;
    this.#foundation = foundation;
    this.#issuers = issuers;
    this.#log = log;
    this.#recorded = memory.before || issuers.roots();
    const failed = (error: unknown) => foundation.logger.error('the roots could not be followed', { error });
    this.#looks = new Looks(() => this.#look().catch(failed), lookEveryMs);
  }

  /** Resolves after a first look, which changes nothing unless a file did since the issuers were opened. */
  static async follow(
    foundation: Foundation,
    issuers: LiveIssuers,
    log: AuditLog,
    memory: RootsMemory,
  ): Promise<FollowedRoots> {
    const followed = new FollowedRoots(foundation, issuers, log, memory);
    await followed.#look();
    followed.#looks.goOn();
    return followed;
  }

  stop(): Promise<void> {
    return this.#looks.stop();
  }

  /** Looks at the files now; while a look is under way, once more after it. */
  look(): Promise<void> {
    return this.#looks.now();
  }

  async #look(): Promise<void> {
    const successors: LiveIssuer[] = [];
    const texts = new Map<string, string>();
    for (const { name, roots } of this.#foundation.config.issuers) {
      if (roots === undefined) continue;
      const text = await readFile(roots, 'utf8').catch(() => undefined);
      // Missing for the moment in which it is replaced, or gone: what is known stays.
      if (text === undefined || text === this.#seen.get(name)) continue;
      const successor = this.#judge(name, roots, text);
      if (successor === undefined) this.#seen.set(name, text);
      else {
        successors.push(successor);
        texts.set(name, text);
      }
    }
    if (!(await this.#take(successors))) return;
    for (const [name, text] of texts) this.#seen.set(name, text);
    // A crash before this has the change recorded once more.
    await this.#memory.file.write(this.#memory.known());
  }

  #judge(name: string, file: string, text: string): LiveIssuer | undefined {
    const { clock, logger } = this.#foundation;
    try {
      return withRoots(this.#issuers.get(name), text, Math.floor(clock.now() / 1000));
    } catch (thrown) {
      if (!(thrown instanceof RootsError)) throw thrown;
      logger.error('new roots refused; the old ones stay', { issuer: name, file, reason: thrown.message });
      return undefined;
    }
  }

  /** Takes the roots that an issuer named itself. Throws Refusal `issuer.unavailable` while the log cannot be told. */
  async takeNamed(successor: RelayedIssuer): Promise<void> {
    if (await this.#take([successor], byIssuer)) return;
    throw new Refusal('issuer.unavailable', `the roots that issuer ${successor.name} names wait for the log`);
  }

  /** Recorded first. A crash between the two leaves a record of a bundle that the next start loads anyway. */
  async #take(successors: readonly LiveIssuer[], actor: Json = fromFiles): Promise<boolean> {
    const { events, logger } = this.#foundation;
    const before = this.#recorded;
    const after = this.#issuers.rootsWith(...successors);
    // Nobody has named any yet: what was handed out before is not taken back for that.
    if (after === '') return true;
    if (after === before && !this.#issuers.bringNews(successors)) return true;
    try {
      if (after !== before)
        await this.#log.append(events.of('trustbundle.changed', { actor, change: bundleChange(before, after) }));
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      logger.warn('new roots wait for the log', { reason: thrown.message });
      return false;
    }
    this.#recorded = after;
    // Taken again: an issuer may have been renewed while the log was written.
    this.#issuers.replace(
      ...successors.map((successor) => {
        const live = this.#issuers.get(successor.name);
        return inThePlaceOf(live, successor);
      }),
    );
    const { length } = this.#memory.known().retired;
    logger.info('roots replaced', length === 0 ? {} : { reason: `${length} left the files and stay for the overlap` });
    return true;
  }
}

/** Who brings about what an outside issuer names: the record's `actor`. */
const byIssuer = { user: 'issuer', method: 'certificate' } as const;

/** Only the roots of a successor count where the issuer was renewed meanwhile. */
function inThePlaceOf(live: LiveIssuer, successor: LiveIssuer): LiveIssuer {
  const { roots, facts } = successor;
  if (live.way === 'relay' && successor.way === 'relay') return { ...live, roots, facts, trusted: successor.trusted };
  if (live.way === 'relay' || successor.way === 'relay') return live;
  return live.certificateSha256 === successor.certificateSha256 ? { ...live, roots, facts } : { ...live, roots };
}

function bundleChange(before: string, after: string): Json {
  const old = fingerprintsIn(before);
  const young = fingerprintsIn(after);
  return {
    kind: 'trust-bundle',
    beforeSha256: sha256(before),
    afterSha256: sha256(after),
    diff: { added: [...young.difference(old)], removed: [...old.difference(young)] },
  };
}

/** Of a bundle that was checked: its number of certificates is bounded by whoever did. */
const fingerprintsIn = (bundle: string) =>
  new Set(bundle === '' ? [] : readPemBlocks(bundle, ['CERTIFICATE'], bundle.length).map(({ der }) => sha256(der)));
const sha256 = (bytes: string | Uint8Array) => hash('sha256', bytes, 'hex');
