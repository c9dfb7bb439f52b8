import { vi } from 'vitest';
import { at, type TestClient } from '#test/support/control-plane/client.ts';

const collection = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const usages = ['digital signature', 'key encipherment', 'server auth', 'client auth'];
const soon = { timeout: 30_000, interval: 25 };

/** What the API server holds of one. */
export interface Standing {
  /** PEM; empty where it has none. */
  readonly certificate: string;
  readonly conditions: readonly Readonly<Record<string, unknown>>[];
}

/** CertificateSigningRequests for one signer, which whoever makes them does not approve. */
export class Undecided {
  readonly #admin: TestClient;
  readonly #signerName: string;

  constructor(admin: TestClient, signerName: string) {
    this.#admin = admin;
    this.#signerName = signerName;
  }

  /** Resolves with its path. `csr`: PEM; `over`: laid over its spec. */
  async make(
    as: TestClient,
    csr: string,
    over: Readonly<Record<string, unknown>> = {},
    annotations: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const made = await as.create(collection, {
      metadata: { generateName: 'undecided-', annotations },
      spec: { signerName: this.#signerName, usages, request: Buffer.from(csr).toString('base64'), ...over },
    });
    return `${collection}/${String(at(made, 'metadata', 'name'))}`;
  }

  /** What an approver says who is not us. */
  async decide(path: string, type: 'Approved' | 'Denied'): Promise<void> {
    const condition = { type, status: 'True', reason: 'Other', message: '' };
    await this.#admin.must('PUT', `${path}/approval`, {
      ...Object(await this.#admin.get(path)),
      status: { conditions: [condition] },
    });
  }

  async at(path: string): Promise<Standing> {
    const status = at(await this.#admin.get(path), 'status');
    const certificate = Buffer.from(String(at(status, 'certificate') ?? ''), 'base64').toString();
    return { certificate, conditions: [...Object(at(status, 'conditions') ?? [])] };
  }

  /** `TYPE REASON` of its conditions, in any order. */
  async saidOf(path: string): Promise<string[]> {
    return (await this.at(path)).conditions.map(({ type, reason }) => `${type} ${reason}`).toSorted();
  }

  async uidOf(path: string): Promise<string> {
    return String(at(await this.#admin.get(path), 'metadata', 'uid'));
  }

  /** Once it has a certificate, is denied or has failed. */
  ended(path: string): Promise<Standing> {
    return vi.waitFor(async () => {
      const standing = await this.at(path);
      const isOver = standing.conditions.some(({ type }) => type === 'Denied' || type === 'Failed');
      if (standing.certificate === '' && !isOver) throw new Error(`${path} waits: ${JSON.stringify(standing)}`);
      return standing;
    }, soon);
  }
}
