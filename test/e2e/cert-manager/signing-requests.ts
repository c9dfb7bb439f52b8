import { vi } from 'vitest';
import { at, type TestClient } from '#test/support/control-plane/client.ts';
import { Evidence } from './evidence.ts';
import { conditionOf, conditionsOf, nameOf, textIn } from './objects.ts';
import { newRequest, type OwnRequest } from './request.ts';
import type { SigningCase } from './signing-cases.ts';
import { usagesOf, type Wish } from './wish.ts';

/** Who signs. */
export interface Signer {
  readonly admin: TestClient;
  readonly signerName: string;
  /** PEM of what its certificates shall be trusted by: its own root first. */
  readonly roots: string;
  /** Whether its requests are left to an approver; unless told the test approves them. */
  readonly hasApprover?: boolean;
}

interface Asked extends OwnRequest {
  readonly wish: Wish;
  readonly usages: readonly string[];
}

const collection = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
/** ms */
const patience = { timeout: 120_000, interval: 200 };

/** CertificateSigningRequests for one signer. What it made it takes away. */
export class SigningRequests implements AsyncDisposable {
  readonly #signer: Signer;
  readonly #asked = new Map<string, Asked>();

  constructor(signer: Signer) {
    this.#signer = signer;
  }

  async create(
    name: string,
    { wish, expirationSeconds }: Pick<SigningCase, 'wish' | 'expirationSeconds'>,
  ): Promise<void> {
    const { admin, signerName, hasApprover } = this.#signer;
    const lifetime = expirationSeconds === undefined ? {} : { duration: `${expirationSeconds}s` };
    const own = await newRequest(wish);
    // A CA does not sign certificates here unless that is said.
    const usages = usagesOf({ ...wish, isCA: false });
    this.#asked.set(name, { ...own, wish: { ...lifetime, ...wish }, usages });
    const made = await admin.create(collection, {
      metadata: { name, annotations: annotationsOf(wish) },
      spec: {
        signerName,
        usages,
        request: Buffer.from(own.csr).toString('base64'),
        ...(expirationSeconds !== undefined && { expirationSeconds }),
      },
    });
    if (hasApprover === true) return;
    const approved = { type: 'Approved', status: 'True', reason: 'Conformance', message: '' };
    await admin.must('PUT', `${collection}/${name}/approval`, { ...Object(made), status: { conditions: [approved] } });
  }

  /** Resolves once each has its certificate or failed, and in any case when patience ends: see `evidence`. */
  async settled(): Promise<void> {
    const { admin, signerName } = this.#signer;
    const look = async () => {
      const items = at(await admin.get(`${collection}?fieldSelector=spec.signerName=${signerName}`), 'items');
      const all: readonly unknown[] = Array.isArray(items) ? items : [];
      return [...this.#asked.keys()].every((name) => all.some((each) => nameOf(each) === name && isSettled(each)));
    };
    await vi.waitUntil(look, patience).catch(() => {});
  }

  /** Rejects where there is no certificate, with what is said about it. */
  async evidence(name: string): Promise<Evidence> {
    const asked = this.#asked.get(name);
    if (asked === undefined) throw new Error(`nobody asked for ${name}`);
    const request = await this.#signer.admin.get(`${collection}/${name}`);
    const chain = textIn(request, 'status', 'certificate');
    if (chain === '') throw new Error(`${name}: ${JSON.stringify(conditionsOf(request))}`);
    const { wish, usages, csr, key } = asked;
    return new Evidence({ wish, usages, request: csr, chain, ca: this.#signer.roots, key, objects: { request } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const paths = [...this.#asked.keys()].map((name) => `${collection}/${name}`);
    await Promise.all(paths.map((path) => this.#signer.admin.delete(path)));
  }
}

function annotationsOf({ duration, isCA }: Wish): Readonly<Record<string, string>> {
  return {
    ...(duration !== undefined && { 'experimental.cert-manager.io/request-duration': duration }),
    ...(isCA === true && { 'experimental.cert-manager.io/request-is-ca': 'true' }),
  };
}

const isSettled = (request: unknown) =>
  at(request, 'status', 'certificate') !== undefined || conditionOf(request, 'Failed') !== undefined;
