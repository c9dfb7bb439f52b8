import { vi } from 'vitest';
import { certManagerApi } from '#test/support/control-plane/cert-manager.ts';
import { at, type TestClient } from '#test/support/control-plane/client.ts';
import { Evidence } from './evidence.ts';
import { conditionOf, conditionsOf, nameOf, textIn } from './objects.ts';
import { usagesOf, type Wish } from './wish.ts';

export interface IssuerRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

/** Where Certificates are made, and who signs them. */
export interface Place {
  readonly admin: TestClient;
  /** One that cert-manager's controllers look after. */
  readonly namespace: string;
  readonly issuerRef: IssuerRef;
}

/** ms; the machine may have other things to do. */
const patience = { timeout: 120_000, interval: 200 };
const revisionOf = 'cert-manager.io/certificate-revision';
const certificateOf = 'cert-manager.io/certificate-name';

/** Certificates of one issuer. */
export class Certificates {
  readonly #place: Place;
  readonly #path: string;

  constructor(place: Place) {
    this.#place = place;
    this.#path = `${certManagerApi}/namespaces/${place.namespace}`;
  }

  async create(name: string, wish: Wish): Promise<void> {
    await this.#place.admin.create(`${this.#path}/certificates`, {
      apiVersion: 'cert-manager.io/v1',
      kind: 'Certificate',
      metadata: { name },
      spec: { ...wish, secretName: name, issuerRef: this.#place.issuerRef },
    });
  }

  /** As somebody who edits it. */
  async change(name: string, wish: Wish): Promise<void> {
    await this.#place.admin.patch(`${this.#path}/certificates/${name}`, { spec: wish });
  }

  /** As `cmctl renew` does. */
  async renew(name: string): Promise<void> {
    const path = `${this.#path}/certificates/${name}`;
    const certificate = await this.#place.admin.get(path);
    const issuing = {
      type: 'Issuing',
      status: 'True',
      reason: 'ManuallyTriggered',
      message: 'Certificate re-issuance manually triggered',
      lastTransitionTime: new Date().toISOString(),
      observedGeneration: at(certificate, 'metadata', 'generation'),
    };
    const conditions = [...conditionsOf(certificate).filter(({ type }) => type !== 'Issuing'), issuing];
    await this.#place.admin.patch(`${path}/status`, { status: { conditions } });
  }

  async changeSecret(name: string, data: Readonly<Record<string, string>>): Promise<void> {
    await this.#place.admin.patch(this.#secret(name), { data });
  }

  async deleteSecret(name: string): Promise<void> {
    await this.#place.admin.delete(this.#secret(name));
  }

  readonly #secret = (name: string) => `/api/v1/namespaces/${this.#place.namespace}/secrets/${name}`;

  /** Resolves once each was issued as often as told or failed, and in any case when patience ends: see `evidence`. */
  async settled(names: readonly string[], revision = 1): Promise<void> {
    const look = async () => {
      const all = await this.#list('certificates');
      return names.every((name) => all.some((each) => nameOf(each) === name && isSettled(each, revision)));
    };
    await vi.waitUntil(look, patience).catch(() => {});
  }

  /** Of its newest issuance. Rejects where there is none, with what is said about it. */
  async evidence(name: string, wish: Wish, revision = 1): Promise<Evidence> {
    const certificate = await this.#place.admin.get(`${this.#path}/certificates/${name}`);
    const requests = (await this.#list('certificaterequests')).filter(
      (each) => annotation(each, certificateOf) === name,
    );
    const request = requests.find(
      (each) => annotation(each, revisionOf) === String(at(certificate, 'status', 'revision')),
    );
    if (!isIssued(certificate, revision)) {
      const said = [certificate, ...requests].flatMap(conditionsOf);
      throw new Error(
        said.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`).join('\n'),
      );
    }
    const secret = await this.#place.admin.get(this.#secret(name));
    return new Evidence({
      wish,
      usages: usagesOf(wish),
      request: textIn(request, 'spec', 'request'),
      chain: textIn(secret, 'data', 'tls.crt'),
      ca: textIn(secret, 'data', 'ca.crt'),
      key: textIn(secret, 'data', 'tls.key'),
      objects: { certificate, secret, request },
    });
  }

  async #list(kind: string): Promise<readonly unknown[]> {
    const items = at(await this.#place.admin.get(`${this.#path}/${kind}`), 'items');
    return Array.isArray(items) ? items : [];
  }
}

const annotation = (object: unknown, name: string) => at(object, 'metadata', 'annotations', name);

function isSettled(certificate: unknown, revision: number): boolean {
  const failed = at(certificate, 'status', 'lastFailureTime') !== undefined;
  return failed || isIssued(certificate, revision);
}

/** Ready for what is asked now, with no further issuance under way. */
function isIssued(certificate: unknown, revision: number): boolean {
  const ready = conditionOf(certificate, 'Ready');
  return (
    Number(at(certificate, 'status', 'revision')) >= revision &&
    ready?.status === 'True' &&
    ready.observedGeneration === at(certificate, 'metadata', 'generation') &&
    conditionOf(certificate, 'Issuing')?.status !== 'True' &&
    at(certificate, 'status', 'nextPrivateKeySecretName') === undefined
  );
}
