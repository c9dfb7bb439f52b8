import { parseCheckpoint } from '#audit/checkpoint.ts';
import { demandExtends, demandOwnSignature, type LogIdentity, type Signed } from '../guard.ts';
import { Moment } from '../moment.ts';
import { Publication } from '../publication.ts';
import type { TakenUp } from '../reader-messages.ts';
import { type Dial, PostgresTree } from './postgres-tree.ts';
import { readSigned } from './signed-row.ts';
import { statements } from './statements.ts';

/** For messages. */
const signedLast = 'the checkpoint that was signed last, by any replica,';

/**
 * A replica's own published directory and guard, and the newest checkpoint that any replica has signed, in the database:
 * none is signed or published beside which another replica's would not stand.
 */
export class SharedPublication {
  readonly #dial: Dial;
  readonly #tree: PostgresTree;
  readonly #own: Publication;

  constructor(dial: Dial, directory: string, guard: string) {
    this.#dial = dial;
    this.#tree = new PostgresTree(dial);
    this.#own = new Publication(this.#tree, directory, guard);
  }

  async open(log: LogIdentity): Promise<TakenUp> {
    await this.#holdAgainstOthers();
    const own = await this.#own.open(log);
    const signed = await readSigned(await this.#dial());
    if (signed === undefined) return own;
    demandOwnSignature(Buffer.from(signed.note), signedLast, log.known);
    return { ...own, signed: signed.note };
  }

  withdraw(): Promise<boolean> {
    return this.#own.withdraw();
  }

  async writeTiles(): Promise<Signed> {
    const moment = await this.#holdAgainstOthers();
    return this.#own.writeTiles(moment);
  }

  async keepSigned(size: number, note: string): Promise<void> {
    await this.#tellOthers(size, note);
    this.#own.keepSigned(size, note);
  }

  /** The database first: a crash after it leaves a checkpoint that nobody has seen, and that every later one extends. */
  async writeCheckpoint(size: number, note: string): Promise<void> {
    await this.#tellOthers(size, note);
    await (await this.#dial()).query(statements.show, [size, note]);
    this.#own.writeCheckpoint(size, note);
  }

  async #tellOthers(size: number, note: string): Promise<void> {
    const { root } = parseCheckpoint(Buffer.from(note));
    const session = await this.#dial();
    // Written each time, also where it stands there already: so the commit waits for whatever the server has to wait for.
    await session.transact({ text: statements.sign, values: [size, root, note] });
    // Whoever came first with a larger one: what we are about to show must be a part of it.
    await this.#holdAgainstOthers({ size, root });
  }

  /** `own` is a part of the tree, as we know. The moment is of after the look at what others signed. */
  async #holdAgainstOthers(own?: Signed): Promise<Moment> {
    const signed = await readSigned(await this.#dial());
    const moment = new Moment(this.#tree);
    const isOwn = own !== undefined && signed?.size === own.size && Buffer.compare(signed.root, own.root) === 0;
    if (signed !== undefined && !isOwn) await demandExtends(moment, signed, signedLast);
    return moment;
  }
}
