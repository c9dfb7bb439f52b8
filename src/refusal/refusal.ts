/**
 * The one way this program says no. Every room throws or returns a Refusal; each door has one table
 * from its code to the words of its own protocol.
 */

/** What the asker, or whoever runs us, has to do about it. */
export type Remedy = 'fix-request' | 'retry-later' | 'call-operator';

/** Code → remedy. The codes are part of the audit record: add, never rename. */
const remedies = {
  // who asks
  'authn.failed': 'fix-request',
  'authn.unavailable': 'retry-later',
  'authn.impersonation': 'fix-request',
  'authz.role': 'fix-request',
  // the request's bytes
  'request.malformed': 'fix-request',
  'request.encoding': 'fix-request',
  'request.too-large': 'fix-request',
  'request.unknown': 'fix-request',
  'request.method': 'fix-request',
  'csr.too-large': 'fix-request',
  'csr.pem': 'fix-request',
  'csr.malformed': 'fix-request',
  'csr.algorithm': 'fix-request',
  'csr.signature': 'fix-request',
  'csr.attribute': 'fix-request',
  'csr.challenge-password': 'fix-request',
  'csr.extension': 'fix-request',
  'csr.subject': 'fix-request',
  'csr.san': 'fix-request',
  // its key
  'key.malformed': 'fix-request',
  'key.not-allowed': 'fix-request',
  'key.weak.small-factor': 'fix-request',
  'key.weak.roca': 'fix-request',
  'key.weak.fermat': 'fix-request',
  'key.weak.power': 'fix-request',
  'key.weak.point': 'fix-request',
  'key.blocklisted': 'fix-request',
  'key.own': 'fix-request',
  'key.reused': 'fix-request',
  // what it asks for
  'identity.malformed': 'fix-request',
  'identity.mismatch': 'fix-request',
  'identity.trust-domain': 'fix-request',
  'identity.pattern': 'fix-request',
  'san.forbidden': 'fix-request',
  'ttl.too-long': 'fix-request',
  'ttl.too-short': 'fix-request',
  'rate.exceeded': 'retry-later',
  'fips.level': 'fix-request',
  'policy.denied': 'fix-request',
  'policy.no-match': 'fix-request',
  'policy.rule': 'fix-request',
  'policy.error': 'call-operator',
  // our own state
  'issuer.unavailable': 'retry-later',
  'issuer.denied': 'call-operator',
  'issuer.expired': 'call-operator',
  'issuer.unknown': 'fix-request',
  'profile.lint': 'call-operator',
  'signer.unavailable': 'retry-later',
  'signer.bad-signature': 'call-operator',
  'log.unavailable': 'retry-later',
  'clock.behind': 'call-operator',
  overload: 'retry-later',
  deadline: 'retry-later',
  cancelled: 'retry-later',
  draining: 'retry-later',
  internal: 'call-operator',
} as const satisfies Record<string, Remedy>;

export type RefusalCode = keyof typeof remedies;

/** Facts for machines: short, flat, and never a secret. */
export type RefusalDetail = Readonly<Record<string, string | number | boolean>>;

export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  readonly detail: RefusalDetail;

  /** `sentence` is shown to people: it names the field and what would be right, and holds no secret. */
  constructor(code: RefusalCode, sentence: string, detail: RefusalDetail = {}, options?: ErrorOptions) {
    super(sentence, options);
    this.code = code;
    this.detail = detail;
  }

  get remedy(): Remedy {
    return remedies[this.code];
  }
}

export const refusalCodes: readonly RefusalCode[] = Object.keys(remedies) as RefusalCode[];

/** Any thrown thing as a Refusal: ours as it is, anything else as `internal` with the cause kept for the log. */
export function asRefusal(thrown: unknown): Refusal {
  return thrown instanceof Refusal
    ? thrown
    : new Refusal(
        'internal',
        'an internal error; the server log has the cause under this request id',
        {},
        { cause: thrown },
      );
}
