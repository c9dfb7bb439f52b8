import { type Access, TestClient } from './client.ts';
import { kubeconfig } from './kubeconfig.ts';
import { TokenKey } from './token-key.ts';

/** All that has to be known of a running control plane; it can be sent to another process. */
export interface ControlPlaneFacts {
  /** Access of an administrator (system:masters). */
  readonly access: Access;
  /** `iss` of its service-account tokens. */
  readonly issuer: string;
  /** PEM of the private key that signs them. */
  readonly tokenKey: string;
}

/** A real etcd and kube-apiserver, seen from outside. */
export class ControlPlane {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  readonly adminToken: string;
  readonly issuer: string;
  readonly admin: TestClient;
  readonly facts: ControlPlaneFacts;

  constructor(facts: ControlPlaneFacts) {
    this.facts = facts;
    this.url = facts.access.url;
    this.ca = facts.access.ca;
    this.adminToken = facts.access.token;
    this.issuer = facts.issuer;
    this.admin = new TestClient(facts.access);
  }

  get tokenKey(): TokenKey {
    return new TokenKey(this.facts.tokenKey);
  }

  /** The administrator's. */
  get kubeconfig(): string {
    return kubeconfig(this.facts.access);
  }

  /** A client with this bearer token; none at all where it is empty. */
  client(token: string): TestClient {
    return new TestClient({ ...this.facts.access, token });
  }
}
