import type { OutsideOrder } from '#issuance/ports.ts';
import { isObject } from '#kubernetes/answer.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';
import type { IssuerReference } from './issuer-reference.ts';

/** Whom a certificate is for; approval policies of istio-csr's users key on it. */
const identitiesAnnotation = 'istio.cert-manager.io/identities';
/** Label: which process waits for it. */
export const requesterLabel = 'countersign.dev/requester';
/** Annotation: which of its orders this is, known before the object has a name. */
const orderAnnotation = 'countersign.dev/order';
/** Annotation, RFC 3339: nobody waits for it any more after this; without it the object is to be kept. */
const expiresAnnotation = 'countersign.dev/expires';

/** In istio-csr's order; a CA's are what cert-manager's own issuers and SPIRE agree on. */
const usages = {
  workload: ['client auth', 'server auth'],
  serving: ['server auth'],
  authority: ['cert sign', 'crl sign'],
} as const satisfies Record<OutsideOrder['purpose'], readonly string[]>;

export interface Marks {
  readonly requester: string;
  readonly order: string;
  /** ms since the epoch; absent: the object stays. */
  readonly expires?: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The CertificateRequest that istio-csr would make, with our marks on it. */
export function requestObject(order: OutsideOrder, issuerRef: IssuerReference, marks: Marks): KubernetesObject {
  const { requester, expires, annotations } = marks;
  return {
    apiVersion: 'cert-manager.io/v1',
    kind: 'CertificateRequest',
    metadata: {
      generateName: 'istio-csr-',
      labels: { [requesterLabel]: requester },
      annotations: {
        ...annotations,
        [identitiesAnnotation]: order.label,
        [orderAnnotation]: marks.order,
        ...(expires !== undefined && { [expiresAnnotation]: new Date(expires).toISOString() }),
      },
    },
    spec: {
      duration: `${order.seconds}s`,
      isCA: order.purpose === 'authority',
      request: Buffer.from(order.csr).toString('base64'),
      usages: usages[order.purpose],
      issuerRef: { ...issuerRef },
    },
  };
}

/** Whose an object is, by its marks. */
export interface Owned {
  readonly name: string;
  readonly uid: string;
  /** Empty where there is none. */
  readonly order: string;
  /** ms since the epoch; undefined: it is to be kept, or nobody of ours made it. */
  readonly expires: number | undefined;
}

export function readOwned({ metadata }: KubernetesObject): Owned {
  const { name, uid, annotations } = isObject(metadata) ? metadata : {};
  const marks = isObject(annotations) ? annotations : {};
  const expires = Date.parse(String(marks[expiresAnnotation] ?? ''));
  return {
    name: typeof name === 'string' ? name : '',
    uid: typeof uid === 'string' ? uid : '',
    order: String(marks[orderAnnotation] ?? ''),
    expires: Number.isNaN(expires) ? undefined : expires,
  };
}
