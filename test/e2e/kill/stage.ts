import { createPrivateKey, createPublicKey } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { formatVkey } from '#audit/vkey.ts';
import { requestRedaction } from '#store/redaction-requests.ts';
import { deniedEvent } from '#test/audit/example-event.ts';
import type { TestHome } from '#test/support/home.ts';
import type { Fault } from './fault.ts';
import type { Ground } from './ground.ts';
import { Ledger } from './ledger.ts';
import { PostgresGround } from './postgres-ground.ts';
import { keptDays, Replica } from './replica.ts';

export interface Round {
  readonly fault: Fault;
  /** False where a fault point was never passed often enough, and we ended the server instead. */
  readonly hit: boolean;
  /** Certificates that clients received in it. */
  readonly held: number;
}

/** Certificates that each client of a server that lives must get after the trouble. */
const afterwards = 2;

/** Records of each log that are older than bodies are kept: five bundles, which go in two steps. */
const oldRecords = 1_300;
/** One among them that is to stay. */
const staysAt = 300;
const eraseAtOnce = 5;

/** ms between two looks. */
const lookEvery = 200;
/** ms for what is to go. */
const patience = 20_000;

/** Servers of one log and their clients, through one trouble after another. */
export class Stage implements AsyncDisposable {
  readonly #ground: Ground;
  readonly #replicas: Replica[] = [];
  #ledger: Ledger | undefined;
  #vkey = '';

  constructor(makeGround: (home: () => TestHome) => Ground, replicas: number) {
    this.#ground = makeGround(() => this.#replica(0).home);
    let logKeyPem: string | undefined;
    for (let at = 0; at < replicas; at++) {
      const store = this.#ground.storeOf(at);
      const ledger = (home: TestHome) => this.#ledgerOf(home);
      const replica = new Replica({ name: `replica-${at}`, store, logKeyPem, ledger });
      logKeyPem ??= replica.home.logKeyPem;
      this.#replicas.push(replica);
    }
  }

  /** Begins the log with records that are to be dropped, before its first server. */
  async fill(): Promise<void> {
    const { home } = this.#replica(0);
    const log = await this.#ground.open({
      directory: home.path('audit'),
      publicDirectory: home.published,
      guard: home.path('audit', 'checkpoint.guard'),
      signer: softwareCheckpointSigner(createPrivateKey(home.logKeyPem), 'log.test/mesh'),
      clock: { now: () => Date.now() - (keptDays + 1) * 86_400_000 },
    });
    try {
      const events = Array.from({ length: oldRecords }, (_, n) => deniedEvent(n));
      const stays = { ...deniedEvent(staysAt), type: 'admin.denied' } as const;
      await Promise.all(events.with(staysAt, stays).map((event) => log.append(event)));
      await log.publish();
    } finally {
      await log.close();
    }
    await this.#ground.read((tree) => this.#books.reconcile(tree));
  }

  /** Loads, strikes, goes on, reconciles. Throws Error when anything does not add up. */
  async round(fault: Fault): Promise<Round> {
    const before = this.#books.held;
    const hit = await this.#strike(fault);
    await this.#rest();
    await this.#ground.read((tree) => this.#books.reconcile(tree));
    const dead = this.#replicas.filter(({ alive }) => !alive);
    for (const replica of dead) await replica.verify(this.#vkey);
    // Where nobody died and the database lived, the roots have said it all.
    if (dead.length === this.#replicas.length || fault.kind === 'database' || fault.kind === 'disk')
      await this.#ground.verify();
    return { fault, hit, held: this.#books.held - before };
  }

  /** All start and stop as they should, and all is looked at once more. */
  async finish(): Promise<{ readonly records: number; readonly checkpoints: number }> {
    for (const replica of this.#replicas) await replica.stop(this.#ground.env);
    for (const replica of this.#replicas) await replica.verify(this.#vkey);
    await this.#ground.read((tree) => this.#books.reconcileAll(tree));
    const { size } = await this.#ground.verify();
    if (size !== this.#books.size) throw new Error(`${size} entries where there are ${this.#books.size}`);
    return { records: size, checkpoints: this.#books.checkpoints };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const replica of this.#replicas) await replica[Symbol.asyncDispose]();
  }

  async #strike(fault: Fault): Promise<boolean> {
    switch (fault.kind) {
      case 'point': {
        const victim = this.#replicas.find(({ alive }) => !alive) ?? this.#replica(0);
        await victim.kill();
        const deadly = { COUNTERSIGN_FAULTS: '1', COUNTERSIGN_FAULT: `${fault.point}:${fault.pass}` };
        const [lives] = await Promise.all([
          victim.start({ ...this.#ground.env, ...deadly }),
          ...this.#othersStart(victim),
        ]);
        this.#askAll();
        const hit = !lives || (await victim.dies());
        await this.#goOn();
        return hit;
      }
      case 'removal': {
        const hit = await this.#remove(fault);
        await this.#goOn();
        return hit;
      }
      case 'killed': {
        const victim = this.#replica(fault.victim);
        await this.#load(victim, fault);
        await pause(fault.thenMs);
        await victim.kill();
        await this.#goOn();
        return true;
      }
      case 'stopped': {
        const victim = this.#replica(fault.victim);
        await this.#load(victim, fault);
        victim.signal('SIGSTOP');
        await pause(fault.ms);
        await this.#goOn(victim);
        victim.signal('SIGCONT');
        await this.#goOn();
        return true;
      }
      case 'power':
        await this.#loadAny(fault);
        await Promise.all([this.#database.kill(), ...this.#replicas.map((replica) => replica.kill())]);
        await this.#database.start();
        return true;
      case 'commit': {
        const victim = this.#replica(fault.victim);
        const proxy = this.#database.proxy(fault.victim);
        await this.#load(victim, fault);
        const met = proxy.met;
        proxy.plan(...fault.misfortunes);
        while (proxy.met < met + fault.misfortunes.length) await victim.clients.holdMore(1);
        await this.#goOn();
        return true;
      }
      case 'network': {
        const proxy = this.#database.proxy(fault.victim);
        await this.#load(this.#replica(fault.victim), fault);
        if (fault.trouble === 'cut') proxy.cut();
        else proxy.trouble(fault.trouble);
        await pause(fault.ms);
        proxy.heal();
        await this.#goOn();
        return true;
      }
      case 'disk':
        await this.#loadAny(fault);
        await this.#failDisk(fault);
        await this.#goOn();
        return true;
      case 'database':
        await this.#shake(fault);
        await this.#goOn();
        return true;
    }
  }

  /** One of them dies while it removes; when it lives again, nothing is left of what was to go. */
  async #remove({ point, pass }: Fault & { kind: 'removal' }): Promise<boolean> {
    const victim = this.#replicas.find(({ alive }) => !alive) ?? this.#replica(0);
    await victim.kill();
    if (point.startsWith('erase.')) {
      const records = this.#books.eraseNewest(eraseAtOnce);
      if (records.length > 0) requestRedaction(victim.home.path('audit'), { field: 'peer.ip', records, by: 'stage' });
    }
    const deadly = { COUNTERSIGN_FAULTS: '1', COUNTERSIGN_FAULT: `${point}:${pass}` };
    const [lives] = await Promise.all([victim.start({ ...this.#ground.env, ...deadly }), ...this.#othersStart(victim)]);
    this.#askAll();
    const hit = !lives || (await victim.dies(lookEvery));
    await this.#rest();
    await this.#ground.read((tree) => this.#books.reconcileAll(tree));
    await victim.verify(this.#vkey);
    await this.#ground.verify();
    await victim.start(this.#ground.env);
    await this.#nothingOwed();
    this.#askAll();
    return hit;
  }

  /** What the log says is gone from the store, and from all that is published. */
  async #nothingOwed(): Promise<void> {
    for (const deadline = performance.now() + patience; ; await pause(lookEvery)) {
      for (const replica of this.#replicas) replica.signal('SIGHUP');
      const owed = await this.#ground.read(async (tree) => {
        await this.#books.reconcile(tree);
        return this.#books.owes(tree);
      });
      const bundles = this.#books.droppedBundles;
      const shown = this.#replicas.some((each) => each.alive && bundles.some((n) => each.publishes(n)));
      if (owed === undefined && !shown) return;
      if (performance.now() > deadline) throw new Error(`${owed ?? 'a bundle that was dropped'} is still there`);
    }
  }

  async #shake({ trouble, certificates }: Fault & { kind: 'database' }): Promise<void> {
    switch (trouble) {
      case 'crash':
        await this.#loadAny({ certificates });
        await this.#database.kill();
        return this.#database.start();
      case 'restart':
        await this.#loadAny({ certificates });
        await this.#database.stop();
        return this.#database.start();
      case 'failover': {
        const takeOver = await this.#database.standby();
        await this.#loadAny({ certificates });
        return takeOver();
      }
    }
  }

  async #failDisk({ trouble, ms }: Fault & { kind: 'disk' }): Promise<void> {
    const disk = this.#ground.disk;
    if (disk === undefined) throw new Error('this disk cannot fail');
    await disk.fail(trouble);
    if (this.#ground instanceof PostgresGround) await pause(ms);
    else await this.#replica(0).givesUp();
    disk.heal();
    if (this.#ground instanceof PostgresGround) await this.#ground.mend();
  }

  #othersStart(but?: Replica): Promise<boolean>[] {
    return this.#replicas.filter((each) => each !== but && !each.alive).map((each) => each.start(this.#ground.env));
  }

  async #rest(): Promise<void> {
    await Promise.all(this.#replicas.map(({ clients }) => clients.rest()));
  }

  #askAll(): void {
    for (const replica of this.#replicas) replica.ask();
  }

  async #load({ clients }: Replica, { certificates }: Pick<Fault, 'certificates'>): Promise<void> {
    await Promise.all(this.#othersStart());
    const enough = clients.holdMore(certificates);
    this.#askAll();
    await enough;
  }

  #loadAny(fault: Pick<Fault, 'certificates'>): Promise<void> {
    return this.#load(this.#replica(0), fault);
  }

  /** Whoever lives issues again. */
  async #goOn(but?: Replica): Promise<void> {
    const living = this.#replicas.filter((each) => each.alive && each !== but);
    await Promise.all(living.map(({ clients }) => clients.holdMore(afterwards)));
  }

  get #database(): PostgresGround {
    if (this.#ground instanceof PostgresGround) return this.#ground;
    throw new Error('the embedded store has no database');
  }

  get #books(): Ledger {
    if (this.#ledger === undefined) throw new Error('a stage has a replica');
    return this.#ledger;
  }

  /** One for all replicas, of the log that the first one's key signs. */
  #ledgerOf(home: TestHome): Ledger {
    if (this.#ledger !== undefined) return this.#ledger;
    this.#vkey = formatVkey('log.test/mesh', createPublicKey(createPrivateKey(home.logKeyPem)));
    this.#ledger = new Ledger(this.#vkey);
    return this.#ledger;
  }

  #replica(at: number): Replica {
    const replica = this.#replicas[at];
    if (replica === undefined) throw new RangeError(`there is no replica ${at}`);
    return replica;
  }
}
