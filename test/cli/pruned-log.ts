import { createPrivateKey } from 'node:crypto';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import type { AuditEvent } from '#audit/event.ts';
import type { EngineLog } from '#store/engine-log.ts';
import { openPostgresLog } from '#store/postgres/open-log.ts';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import { RetentionRounds } from '#store/retention-rounds.ts';
import { openLog } from '#store/sqlite/open-log.ts';
import { deniedEvent } from '#test/audit/example-event.ts';
import { announced } from '#test/issuance/replay/recorded-mesh.ts';
import type { Rig } from '#test/issuance/rig.ts';
import { noon } from '#test/policy/sidecar.ts';
import { TestHome } from '#test/support/home.ts';

const hourMs = 3_600_000;

/** Issued before, of which the bodies go, and after. */
export const old = 20;
export const young = 10;
/** Records that a server writes at its start; they stay. */
export const told = 3;
/** Two bundles go. */
export const dropped = 512 - told;

/** From the second of the younger ones on. */
export const later = new Date(noon + 24 * hourMs + 2_000);

/** A home whose log has forgotten its older half, and what it had before. */
export class PrunedLog implements Disposable {
  readonly home: TestHome;
  readonly signer: ReturnType<typeof softwareCheckpointSigner>;
  readonly #settings: PostgresSettings | undefined;
  #now = noon;

  private constructor(settings: PostgresSettings | undefined) {
    const sections = settings && { audit: sectionOf(settings) };
    this.home = new TestHome();
    this.signer = softwareCheckpointSigner(createPrivateKey(this.home.logKeyPem), 'log.test/mesh');
    this.home.write('countersign.yaml', stringify({ ...this.home.config, ...withStore(this.home.config, sections) }));
    this.home.write('audit/log.vkey', `${this.signer.vkey}\n`);
    this.#settings = settings;
  }

  /** `whole` is called before anything goes. */
  static async of(
    settings: PostgresSettings | undefined,
    whole: (log: PrunedLog) => Promise<void>,
  ): Promise<PrunedLog> {
    const pruned = new PrunedLog(settings);
    const rig = await announced({});
    const log = await pruned.#open();
    try {
      await pruned.#fill(rig, log);
      await log.publish();
      cpSync(pruned.home.published, pruned.whole, { recursive: true });
      await whole(pruned);
      await pruned.#drop(log);
    } finally {
      await log.close();
    }
    return pruned;
  }

  /** What was published before: as an archive holds it. */
  get whole(): string {
    return this.home.path('whole');
  }

  get configuration(): string {
    return this.home.path('countersign.yaml');
  }

  [Symbol.dispose](): void {
    this.home[Symbol.dispose]();
  }

  #open(): Promise<EngineLog> {
    const options = {
      directory: this.home.path('audit'),
      publicDirectory: this.home.published,
      guard: this.home.path('audit', 'checkpoint.guard'),
      signer: this.signer,
      clock: { now: () => this.#now },
    };
    mkdirSync(join(this.home.published, '..'), { recursive: true });
    return this.#settings === undefined ? openLog(options) : openPostgresLog({ ...options, settings: this.#settings });
  }

  /** Certificates among refusals; of one of our own intermediates the intent goes, and the outcome stays. */
  async #fill(rig: Rig, log: EngineLog): Promise<void> {
    for (let n = 0; n < old; n++) await rig.ask();
    for (const event of [...rig.log.events, ...intermediate('certificate.intended')]) await log.append(event);
    await Promise.all(Array.from({ length: 512 - log.size }, (_, n) => log.append(deniedEvent(n))));
    rig.clock.advance(24 * hourMs);
    for (let n = 0; n < young; n++) {
      rig.clock.advance(1_000);
      await rig.ask();
      this.#now = rig.clock.now();
      await log.append(rig.log.events.at(-1) ?? deniedEvent(0));
    }
    for (const event of intermediate('certificate.issued')) await log.append(event);
  }

  async #drop(log: EngineLog): Promise<void> {
    await log.inventory.find({ serial: 'ff' });
    const rounds = new RetentionRounds(log, {
      bodiesMs: 12 * hourMs,
      archived: async () => undefined,
      delivered: async () => undefined,
      event: (run) => ({
        type: 'log.pruned',
        id: '0193b5c0-0000-7000-a000-000000000000',
        outcome: 'success',
        pruned: { ...run, bodiesSeconds: (12 * hourMs) / 1_000 },
      }),
    });
    await rounds.run(this.#now);
    await log.publish();
  }
}

function sectionOf({ hosts, database, user, schema }: PostgresSettings) {
  const addresses = hosts.map(({ host, port }) => `${host}:${port}`);
  return { store: { postgres: { hosts: addresses, database, user, schema, tls: { mode: 'off' } } } };
}

function withStore(config: Readonly<Record<string, unknown>>, sections: { audit: object } | undefined): object {
  return sections === undefined ? {} : { audit: { ...Object(config.audit), ...sections.audit } };
}

function intermediate(type: 'certificate.intended' | 'certificate.issued'): AuditEvent[] {
  const certificate = {
    profile: 'intermediate-v1',
    tbsSha256: 'ab'.repeat(32),
    serial: '0a',
    notAfter: new Date(noon + hourMs).toISOString(),
  };
  const id = `0193b5c0-0000-7000-${type === 'certificate.issued' ? 'b000' : 'a000'}-0000000000ff`;
  return [{ type, id, outcome: 'success', door: 'internal', certificate }];
}
