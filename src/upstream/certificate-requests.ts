import type { OutsideAnswer, OutsideIssuer, OutsideOrder } from '#issuance/ports.ts';
import { ApiError, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import type { Change } from '#kubernetes/mirror.ts';
import { type Pace, systemPace } from '#kubernetes/pace.ts';
import type { QueueObserver } from '#kubernetes/queue-observer.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { IssuerReference } from './issuer-reference.ts';
import { Leftovers } from './leftovers.ts';
import { OpenOrder } from './open-order.ts';
import { type Owned, readOwned, requesterLabel, requestObject } from './request-object.ts';
import { readVerdict, type Verdict } from './verdict.ts';

export interface CertificateRequestsOptions {
  readonly api: KubernetesApi;
  readonly namespace: string;
  /** Who is asked now. */
  readonly issuer: () => IssuerReference | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  /** Whether CertificateRequests stay once they ended. */
  readonly preserve: boolean;
  readonly timeoutMs: number;
  readonly maxInFlight: number;
  /** Of this process alone, as a label may have it. */
  readonly requester: string;
  readonly pace?: Pace;
  readonly onTrouble?: (reason: string) => void;
  /** Of what is deleted. */
  readonly queueObserver?: QueueObserver;
}

/** What the watch keeps of an object. */
interface Seen {
  readonly owned: Owned;
  readonly verdict: Verdict;
}

/**
 * An issuer of cert-manager, asked as istio-csr asks: a CertificateRequest each, deleted when it ended. One watch of what
 * carries our label tells how all of them stand, so that an order costs the API server two writes and no watch of its own.
 */
export class CertificateRequests implements OutsideIssuer {
  readonly #options: CertificateRequestsOptions;
  readonly #pace: Pace;
  readonly #path: string;
  readonly #open = new Map<string, OpenOrder>();
  readonly #view: Reflector<Seen>;
  readonly #leftovers: Leftovers;
  #orders = 0;

  constructor(options: CertificateRequestsOptions) {
    const { api, namespace, requester, onTrouble } = options;
    this.#options = options;
    this.#pace = options.pace ?? systemPace;
    this.#path = `/apis/cert-manager.io/v1/namespaces/${encodeURIComponent(namespace)}/certificaterequests`;
    this.#view = new Reflector<Seen>({
      api,
      path: this.#path,
      query: { labelSelector: `${requesterLabel}=${requester}` },
      strip: (object) => this.#strip(object),
      onChange: (change) => this.#changed(change),
      pace: this.#pace,
      ...(onTrouble && { onTrouble }),
    });
    this.#leftovers = new Leftovers({
      api,
      path: this.#path,
      requester,
      pace: this.#pace,
      queueObserver: options.queueObserver,
      mine: () => [...this.#view.all()].map(({ owned }) => owned).filter((owned) => this.#isLeft(owned)),
      ...(onTrouble && { onTrouble }),
    });
  }

  start(): void {
    this.#view.start();
    this.#leftovers.start();
  }

  get inFlight(): number {
    return this.#open.size;
  }

  /** Why the watch does not work; undefined while it does. */
  get fault(): string | undefined {
    return this.#view.fault;
  }

  /** Ends what is open, and deletes what is left within a few seconds; another process deletes the rest later. */
  async stop(): Promise<void> {
    for (const order of this.#open.values()) order.fail(new Refusal('draining', 'this server is being stopped'));
    await this.#view.stop();
    await this.#leftovers.stop();
  }

  async request(order: OutsideOrder, signal: AbortSignal): Promise<OutsideAnswer> {
    const issuer = this.#options.issuer();
    if (issuer === undefined) throw new Refusal('issuer.unavailable', 'no issuer of cert-manager is named yet');
    if (this.#open.size >= this.#options.maxInFlight) {
      throw new Refusal('overload', `more than ${this.#options.maxInFlight} CertificateRequests at a time`);
    }
    const id = `${this.#options.requester}-${++this.#orders}`;
    const open = new OpenOrder(order, issuer, this.#options.namespace);
    const cancel = () => open.fail(reasonOf(signal));
    const callOff = this.#pace.after(this.#options.timeoutMs, () => open.late(this.#options.timeoutMs));
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
    this.#open.set(id, open);
    try {
      void this.#place(id, order, issuer, open);
      return await open.outcome;
    } finally {
      callOff();
      signal.removeEventListener('abort', cancel);
      this.#open.delete(id);
      if (open.object !== undefined && this.#isLeft(open.object)) this.#leftovers.remove(open.object);
    }
  }

  async #place(id: string, order: OutsideOrder, issuer: IssuerReference, open: OpenOrder): Promise<void> {
    if (open.signal.aborted) return;
    const { api, requester, annotations, preserve, timeoutMs } = this.#options;
    const expires = preserve ? {} : { expires: this.#pace.now() + timeoutMs };
    const body = requestObject(order, issuer, { requester, order: id, annotations, ...expires });
    try {
      const { signal } = open;
      this.#tell(open, await api.ask({ method: 'POST', path: this.#path, body, signal }));
    } catch (thrown) {
      // Cut off, it may have been made all the same: the watch shows it, and it is deleted as nobody's.
      open.refused(isVerdict(thrown) ? 'issuer.denied' : 'issuer.unavailable', messageOf(thrown));
      return;
    }
    await open.lookWhileOpen(this.#pace, () => this.#look(open));
  }

  async #look(open: OpenOrder): Promise<void> {
    const name = open.object?.name;
    if (name === undefined) return;
    try {
      const path = `${this.#path}/${encodeURIComponent(name)}`;
      this.#tell(open, await this.#options.api.ask({ method: 'GET', path, signal: open.signal }));
    } catch (thrown) {
      if (thrown instanceof ApiError && thrown.status === 404) open.deleted();
    }
  }

  #tell(open: OpenOrder, object: KubernetesObject): void {
    open.heard(readOwned(object), readVerdict(object));
  }

  /** What was to be kept is no concern of ours once it ended. */
  #strip(object: KubernetesObject): Seen | undefined {
    const owned = readOwned(object);
    if (owned.expires === undefined && !this.#open.has(owned.order)) return undefined;
    return { owned, verdict: readVerdict(object) };
  }

  #changed({ before, after }: Change<Seen>): void {
    const owned = (after ?? before)?.owned;
    if (owned === undefined) return;
    const open = this.#open.get(owned.order);
    if (after === undefined) open?.deleted();
    else if (open !== undefined) open.heard(owned, after.verdict);
    else if (this.#isLeft(owned)) this.#leftovers.remove(owned);
  }

  #isLeft({ order, expires }: Owned): boolean {
    return expires !== undefined && !this.#open.has(order);
  }
}

/** The API server, or a webhook behind it, has judged what was asked for; a right that is missing is no judgement on that. */
function isVerdict(thrown: unknown): boolean {
  if (!(thrown instanceof ApiError)) return false;
  if (thrown.status === 403) return /admission webhook|ValidatingAdmissionPolicy/.test(thrown.message);
  return thrown.status === 400 || thrown.status === 422;
}

const messageOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));

const reasonOf = ({ reason }: AbortSignal) =>
  reason instanceof Refusal ? reason : new Refusal('cancelled', 'whoever asked went away');
