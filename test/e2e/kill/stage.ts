import { createPrivateKey, createPublicKey } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { formatVkey } from '#audit/vkey.ts';
import type { TestHome } from '#test/support/home.ts';
import type { Fault } from './fault.ts';
import type { Ground } from './ground.ts';
import { Ledger } from './ledger.ts';
import { PostgresGround } from './postgres-ground.ts';
import { Replica } from './replica.ts';

export interface Round {
  readonly fault: Fault;
  /** False where a fault point was never passed often enough, and we ended the server instead. */
  readonly hit: boolean;
  /** Certificates that clients received in it. */
  readonly held: number;
}

/** Certificates that each client of a server that lives must get after the trouble. */
const afterwards = 2;

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

  /** Loads, strikes, goes on, reconciles. Throws Error when anything does not add up. */
  async round(fault: Fault): Promise<Round> {
    const before = this.#books.held;
    const hit = await this.#strike(fault);
    await Promise.all(this.#replicas.map(({ clients }) => clients.rest()));
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
