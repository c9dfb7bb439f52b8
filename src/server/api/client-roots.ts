import { readFile } from 'node:fs/promises';
import { readCertificates } from '#x509/certificates.ts';
import type { Foundation } from '../foundation.ts';
import { Looks } from '../looks.ts';

/** ms between two looks at the file: a mounted ConfigMap changes by a swapped link, which no watch tells reliably. */
const lookEveryMs = 5_000;
/** CAs of one file. */
const mostRoots = 100;

/** The CAs that client certificates of the admin API chain to, followed while the server runs. */
export class ClientRoots {
  readonly #file: string;
  readonly #looks: Looks;
  #pem = '';
  #refused = '';

  private constructor(file: string, { logger }: Pick<Foundation, 'logger'>, changed: () => void) {
    this.#file = file;
    this.#looks = new Looks(async () => {
      // missing for the moment in which it is replaced, or gone: what is known stays
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text === undefined || text === this.#pem || text === this.#refused) return;
      try {
        this.#take(text);
        changed();
        logger.info('CAs of the admin API replaced');
      } catch (error) {
        this.#refused = text;
        logger.error('new CAs of the admin API are refused; the old ones stay', { file, error });
      }
    }, lookEveryMs);
  }

  /** Rejects where the file cannot be read, or holds no certificate. `changed` may throw for what is no good. */
  static async open(file: string, foundation: Foundation, changed: () => void): Promise<ClientRoots> {
    const opened = new ClientRoots(file, foundation, changed);
    opened.#take(await readFile(file, 'utf8'));
    await opened.#looks.start();
    return opened;
  }

  get pem(): string {
    return this.#pem;
  }

  look(): Promise<void> {
    return this.#looks.now();
  }

  stop(): Promise<void> {
    return this.#looks.stop();
  }

  #take(text: string): void {
    if (readCertificates(text, mostRoots).length === 0) throw new Error(`${this.#file}: it holds no certificate`);
    this.#pem = text;
  }
}
