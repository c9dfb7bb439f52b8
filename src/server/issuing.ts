import { hash } from 'node:crypto';
import type { AuditEvent, Json } from '#audit/event.ts';
import { LiveIssuers } from '#authority/issuers.ts';
import { Renewal } from '#authority/renewal.ts';
import type { RootOverlap } from '#authority/root-overlap.ts';
import type { KeyIssuerConfig } from '#config/sections/issuers.ts';
import type { LiveIssuer, SigningIssuer } from '#issuance/live-issuer.ts';
import type { AuditLog, Signer } from '#issuance/ports.ts';
import type { IssuerReference } from '#upstream/issuer-reference.ts';
import { readCertificates } from '#x509/certificates.ts';
import { nameText } from '#x509/name.ts';
import { fromFiles } from './events.ts';
import { demandApprovedKeys } from './fips.ts';
import { FollowedIssuers } from './followed-issuers.ts';
import type { Foundation } from './foundation.ts';
import type { LogKeys } from './log-keys.ts';
import { type IssuerSurroundings, type OpenIssuer, openIssuer } from './open-issuer.ts';
import type { HsmListener, OpenKey } from './open-key.ts';
import { openUpstream, type UpstreamIssuer } from './upstream-issuer.ts';

/** All issuers of the configuration, open and live, and the public keys that no workload may bring. */
export class Issuing {
  readonly live: LiveIssuers;
  readonly ownKeys = new Set<string>();
  readonly #foundation: Foundation;
  readonly #logKeys: LogKeys;
  readonly #keys = new Map<string, OpenKey>();
  readonly #renewals: { stop(): void }[] = [];
  readonly #upstreams: readonly UpstreamIssuer[];
  readonly #retired: Signer[] = [];

  private constructor(foundation: Foundation, opened: readonly Opened[], overlap: RootOverlap, logKeys: LogKeys) {
    this.#foundation = foundation;
    this.#logKeys = logKeys;
    this.live = new LiveIssuers(
      opened.map(({ live }) => live),
      foundation.config.defaultIssuer,
      overlap,
    );
    this.#upstreams = opened.flatMap((each) => ('upstream' in each ? [each.upstream] : []));
    for (const issuer of opened) if ('key' in issuer) this.#adopt(issuer);
    const { expiries } = foundation.metrics;
    this.live.onChange(() => {
      expiries.set('intermediate', this.#expiries());
      expiries.set('root', this.#rootExpiries());
      for (const { spki } of certificatesIn(this.live.roots())) this.ownKeys.add(hash('sha256', spki, 'hex'));
    });
  }

  /** Throws KeyStoreError, IssuerError, LogKeyError or an error of the file system that names the file. */
  static async open(
    foundation: Foundation,
    log: AuditLog,
    onHsm: HsmListener,
    overlap: RootOverlap,
    logKeys: LogKeys,
  ): Promise<Issuing> {
    const opened: Opened[] = [];
    await using opening = new AsyncDisposableStack();
    for (const config of foundation.config.issuers) {
      const around = surroundings(foundation, log, onHsm);
      if (config.kind === 'key') opened.push(await openIssuer(config, around));
      else {
        const upstream = openUpstream(config, foundation, around);
        opening.defer(() => upstream.stop());
        opened.push({ live: await upstream.first(), upstream });
      }
    }
    const issuing = new Issuing(foundation, opened, overlap, logKeys);
    opening.move();
    return issuing;
  }

  /** Nothing is missing for the default issuer to be had but its name, which comes while we run. */
  get awaitsName(): boolean {
    return this.#default()?.awaitsName ?? false;
  }

  /** Who stands behind the default issuer, if anybody else does. */
  named(): IssuerReference | undefined {
    return this.#default()?.named;
  }

  /** Calls `follow` when somebody else does. */
  onNamed(follow: () => void): void {
    this.#default()?.onNamed(follow);
  }

  #default(): UpstreamIssuer | undefined {
    return this.#upstreams.find(({ name }) => name === this.#foundation.config.defaultIssuer);
  }

  /** Whether the default issuer may have nothing to give for a while. */
  get mayWait(): boolean {
    return this.#default() !== undefined;
  }

  /** Why an issuer's key cannot sign at present, by the issuer's name; answers from memory. */
  parts(): ReadonlyMap<string, () => string | undefined> {
    return new Map([
      ...[...this.#keys.keys()].map((name) => [`issuer-${name}`, () => this.#keys.get(name)?.lost()] as const),
      ...this.#upstreams.map((upstream) => [`issuer-${upstream.name}`, () => upstream.missing] as const),
    ]);
  }

  /**
   * The same in words for whoever has no business with our keys, and the same words for as long as it lasts; undefined
   * while that issuer can sign.
   */
  cannotSign(name: string): string | undefined {
    const missing = this.#upstreams.find((upstream) => upstream.name === name)?.missing;
    return missing ?? (this.#keys.get(name)?.lost() === undefined ? undefined : 'its key cannot be used');
  }

  /** Where an issuer's key is, as the log has it; undefined where there is none of ours. */
  keyFacts(name: string): Json | undefined {
    return this.#keys.get(name)?.facts;
  }

  /** What stands in the log before the first certificate: which issuers, with which keys, where. */
  events(): AuditEvent[] {
    const awaited = new Set(this.#upstreams.filter(({ relays }) => !relays).map(({ name }) => name));
    const there = this.live.all().filter(({ name }) => !awaited.has(name));
    return there.map((issuer) =>
      this.#foundation.events.of('issuer.installed', {
        ...(this.#keys.get(issuer.name) && { key: this.#keys.get(issuer.name)?.facts ?? {} }),
        ...(issuer.way === 'sign'
          ? installed(issuer)
          : { certificate: { issuer: { name: issuer.name }, profile: 'outside' } }),
      }),
    );
  }

  /**
   * Issuers whose key lives in memory get a new key and certificate in time; the old one ends with its last request. Those
   * behind somebody else's CA begin to get their first. `changed` is called when what these sign may end in other roots.
   */
  renew(log: AuditLog, onHsm: HsmListener, changed: () => void): void {
    for (const upstream of this.#upstreams) this.#follow(upstream, log, changed);
    for (const config of this.#foundation.config.issuers) {
      if (config.kind === 'key' && config.key.kind === 'memory')
        this.#keepFresh(config, config.key.renewAt, log, onHsm);
    }
  }

  /**
   * The files of issuers are followed from here on. `changed` is called when what these sign may end in other roots. To be
   * stopped before the issuers are closed.
   */
  follow(log: AuditLog, onHsm: HsmListener, changed: () => void): FollowedIssuers {
    const { config, logger, events } = this.#foundation;
    const followed = new FollowedIssuers({
      logger,
      issuers: config.issuers.filter((each) => each.kind === 'key'),
      live: (name) => {
        const live = this.live.get(name);
        return isSigning(live) ? live : undefined;
      },
      open: (issuer) => this.#openAgain(issuer, surroundings(this.#foundation, log, onHsm)),
      take: async (opened) => {
        const certificate = installed(opened.live);
        await log.append(events.of('issuer.rotated', { actor: fromFiles, key: opened.key.facts, ...certificate }));
        const before = this.#keys.get(opened.live.name);
        this.#adopt(opened);
        this.live.replace(opened.live);
        changed();
        if (before !== undefined && before.signer !== opened.key.signer) this.#retire(before);
      },
    });
    followed.start();
    return followed;
  }

  async #openAgain(config: KeyIssuerConfig, around: IssuerSurroundings): Promise<OpenIssuer> {
    const inUse = this.#keys.get(config.name);
    const opened = await openIssuer(config, around, inUse);
    try {
      const { kind, signer } = opened.key;
      this.#logKeys.demandApart(`issuer ${config.name}`, signer.spki);
      if (this.#foundation.config.fips.level === 'policy')
        demandApprovedKeys([{ what: `the key of issuer ${config.name}`, kind }]);
      return opened;
    } catch (thrown) {
      if (opened.key.signer !== inUse?.signer) await opened.key.signer.close();
      throw thrown;
    }
  }

  /** Requests under way end under the key they began with, and its CRL goes on being signed. */
  #retire({ signer }: OpenKey): void {
    const { revocation, istio } = this.#foundation.config;
    if (revocation !== undefined) this.#retired.push(signer);
    else setTimeout(() => void signer.close(), istio.limits.callTimeoutMs).unref();
  }

  /** Issuer's name → end of the window in which its whole chain is valid, seconds since the epoch. */
  #expiries(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      this.live
        .all()
        .filter(isSigning)
        .map(({ name, facts }) => [name, facts.notAfter]),
    );
  }

  /** Root's subject → notAfter, seconds since the epoch. */
  #rootExpiries(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      certificatesIn(this.live.roots()).map(({ subject, notAfter }) => [nameText(subject), notAfter]),
    );
  }

  async close(): Promise<void> {
    for (const renewal of this.#renewals) renewal.stop();
    await Promise.all(this.#upstreams.map((upstream) => upstream.stop()));
    const signing = this.live.all().filter(isSigning);
    await Promise.all([...signing.map(({ signer }) => signer), ...this.#retired].map((signer) => signer.close()));
  }

  kinds(): { readonly what: string; readonly kind: OpenKey['kind'] }[] {
    return [...this.#keys].map(([name, { kind }]) => ({ what: `the key of issuer ${name}`, kind }));
  }

  #follow(upstream: UpstreamIssuer, log: AuditLog, changed: () => void): void {
    const { events } = this.#foundation;
    upstream.start({
      adopt: async (opened) => {
        const isFirst = this.live.get(upstream.name).way !== 'sign';
        const certificate = installed(opened.live);
        await log.append(
          events.of(isFirst ? 'issuer.installed' : 'issuer.rotated', { key: opened.key.facts, ...certificate }),
        );
        this.#adopt(opened);
        this.live.replace(opened.live);
        changed();
      },
      relay: async (live) => {
        const certificate = { issuer: { name: live.name }, profile: 'outside' };
        await log.append(events.of('issuer.installed', { certificate }));
        this.#keys.delete(live.name);
        this.live.replace(live);
        changed();
      },
      named: changed,
    });
  }

  #keepFresh(config: KeyIssuerConfig, renewAt: number, log: AuditLog, onHsm: HsmListener): void {
    const { clock, logger, events } = this.#foundation;
    let first = true;
    const renewal = new Renewal({
      make: async () => {
        if (first) return this.live.get(config.name).facts;
        const opened = await openIssuer(config, surroundings(this.#foundation, log, onHsm));
        await log.append(events.of('issuer.rotated', { key: opened.key.facts, ...installed(opened.live) }));
        this.#adopt(opened);
        this.live.replace(opened.live);
        return opened.live.facts;
      },
      apply: () => {
        first = false;
      },
      failed: (error, ms) =>
        logger.error('an issuer could not be renewed; the old one stays in use', { issuer: config.name, ms, error }),
      renewAt,
      now: () => clock.now(),
    });
    this.#renewals.push(renewal);
    void renewal.start();
  }

  #adopt({ live, key, warnings }: OpenIssuer): void {
    this.#keys.set(live.name, key);
    for (const reason of warnings) this.#foundation.logger.warn("an issuer's chain", { issuer: live.name, reason });
    const certificates = certificatesIn(live.intermediates.join(''));
    for (const { spki } of certificates) this.ownKeys.add(hash('sha256', spki, 'hex'));
  }
}

type Opened = OpenIssuer | { readonly live: LiveIssuer; readonly upstream: UpstreamIssuer };

/** Roots that an outside issuer has yet to name are no text at all. */
const certificatesIn = (pem: string) => (pem === '' ? [] : readCertificates(pem, 128));

const isSigning = (issuer: LiveIssuer): issuer is SigningIssuer => issuer.way === 'sign';

/** All of an issuer that decisions hang on, and its certificate: what it signs is held against them by whoever reads the log. */
function installed(issuer: SigningIssuer): Pick<AuditEvent, 'certificate' | 'certificateDer'> {
  const { name, keyId, certificateSha256, subject, facts, signer, profile, intermediates } = issuer;
  const [own] = certificatesIn(intermediates[0] ?? '');
  return {
    certificate: {
      issuer: { name, keyId, certSha256: certificateSha256, subject },
      notBefore: new Date(facts.notBefore * 1000).toISOString(),
      notAfter: new Date(facts.notAfter * 1000).toISOString(),
      pathLength: facts.pathLength,
      signatureAlgorithm: signer.algorithm,
      profile,
    },
    ...(own && { certificateDer: Buffer.from(own.der).toString('base64') }),
  };
}

function surroundings(
  { config, clock, serials, events }: Foundation,
  log: AuditLog,
  onHsm: HsmListener,
): IssuerSurroundings {
  return {
    trustDomain: config.trustDomain,
    now: () => Math.floor(clock.now() / 1000),
    serials,
    onHsm,
    statusUrl: config.revocation?.url,
    record: async (type, fields) => void (await log.append(events.of(type, fields))),
  };
}
