import { randomBytes } from 'node:crypto';
import { uuidSource } from '#audit/uuid.ts';
import { installIssuer } from '#authority/install-issuer.ts';
import { LiveIssuers } from '#authority/issuers.ts';
import { relayIssuer } from '#authority/relay-issuer.ts';
import { FairGate, type Gate } from '#issuance/fairness/gate.ts';
import type { LiveIssuer, RelayedIssuer, SigningIssuer } from '#issuance/live-issuer.ts';
import type { IssuanceOutcome } from '#issuance/observer.ts';
import type { Authenticator, Clock, Impersonation, OutsideIssuer, Signer } from '#issuance/ports.ts';
import { Recorder } from '#issuance/record.ts';
import type { IssuanceRequest, Issued } from '#issuance/request.ts';
import { IssuanceSequence } from '#issuance/sequence.ts';
import { SoftwareSigner } from '#keys/software/signer.ts';
import { type Caller, mintCaller } from '#policy/caller.ts';
import type { NamedWish, SvidWish } from '#policy/question.ts';
import type { PolicySet } from '#policy/set.ts';
import { asRefusal, type Refusal } from '#refusal/refusal.ts';
import { parseSpiffeId, parseTrustDomain } from '#spiffe/spiffe-id.ts';
import { noon, setOf } from '#test/policy/sidecar.ts';
import { p256Request, web } from '#test/support/requests.ts';
import { type TestAuthority, testAuthority } from '#test/support/software-ca.ts';
import type { KeyKind } from '#x509/algorithms.ts';
import { KeyStrength } from '#x509/keys/key-strength.ts';
import type { StatusPointers } from '#x509/profile/ca-certificate.ts';
import { serialNumbers } from '#x509/profile/serial.ts';
import { generous } from './fairness/limits.ts';
import { MemoryLog } from './memory-log.ts';

/** Stands until somebody sets it. */
export class SetClock implements Clock {
  #now = noon;

  now(): number {
    return this.#now;
  }

  advance(ms: number): void {
    this.#now += ms;
  }
}

const day = 86_400;
const issuedAt = noon / 1000 - day;
const window = { notBefore: issuedAt, notAfter: issuedAt + 30 * day };
export const root = testAuthority({ commonName: 'Rig root', kind: 'ec:P-384', ...window });
const intermediates = new Map<string, TestAuthority>();

/** One per kind of key for a whole file: RSA keys take their time. */
export function intermediateOf(kind: KeyKind, pathLength = 0): TestAuthority {
  const name = `${kind} ${pathLength}`;
  const known = intermediates.get(name);
  if (known !== undefined) return known;
  const below = { issuer: root, trustDomain: 'cluster.local', pathLength, ...window };
  const made = testAuthority({ commonName: 'Rig CA', kind, ...below });
  intermediates.set(name, made);
  return made;
}

/** Whoever asks, this one was proven: `web` of the sidecar's usual policy. */
export const webCaller = (): Caller =>
  mintCaller({
    identity: parseSpiffeId(web),
    authenticator: 'oidc',
    credential: { issuer: 'https://tokens.test', audience: ['istio-ca'], subject: 'system:serviceaccount:demo:web' },
    cluster: 'Kubernetes',
    namespace: 'demo',
    serviceAccount: 'web',
    serviceAccountUid: '77aa',
    pod: { name: 'web-1', uid: '5d1f' },
    node: 'node-a',
    nodeUid: '0b3c',
  });

export interface RigOptions {
  readonly kind?: KeyKind;
  /** How many CAs may follow the issuer: none unless told. */
  readonly pathLength?: number;
  /** Around the issuer's own signer. */
  readonly signer?: (real: Signer) => Signer;
  readonly authenticate?: Authenticator['authenticate'];
  readonly impersonation?: Impersonation;
  readonly gate?: (clock: Clock) => Gate;
  readonly policies?: PolicySet;
  readonly ownKeys?: ReadonlySet<string>;
  readonly allowedSkewMs?: number;
  readonly pointers?: StatusPointers;
  /** Called within a stage that has no port to hook: while the CSR's key is looked up, while the serial is drawn. */
  readonly during?: (stage: 'csr' | 'policy') => void;
}

/** Our own keys, which tell when they are looked at. */
class WatchedKeys extends Set<string> {
  looked: () => void = () => {};

  override has(spkiSha256: string): boolean {
    this.looked();
    return super.has(spkiSha256);
  }
}

/** What differs of a wish for an SVID, or all of another. */
type Asked = Partial<SvidWish> | NamedWish;
const isWhole = (wish: Asked): wish is NamedWish => wish.kind === 'end-entity' || wish.kind === 'ca';

/** How a request ended for the one who asked. */
export type Ended = { readonly issued: Issued } | { readonly refusal: Refusal };

/** The sequence in this process with every port in hand: a log in memory, a clock that is set, any signer or outside issuer. */
export class Rig<Issuer extends LiveIssuer = SigningIssuer> {
  readonly clock: SetClock;
  readonly log: MemoryLog;
  readonly issuer: Issuer;
  readonly policies: PolicySet;
  readonly outcomes: IssuanceOutcome[] = [];
  readonly sequence: IssuanceSequence;
  #requests = 0;

  private constructor(clock: SetClock, issuer: Issuer, options: RigOptions) {
    this.clock = clock;
    this.issuer = issuer;
    this.log = new MemoryLog(clock);
    this.policies = options.policies ?? setOf({});
    const ownKeys = new WatchedKeys(options.ownKeys ?? []);
    ownKeys.looked = () => options.during?.('csr');
    const serials = serialNumbers({ bytes: (length) => randomBytes(length) }, 0x4a);
    this.sequence = new IssuanceSequence({
      authenticator: { authenticate: options.authenticate ?? (async () => webCaller()) },
      ...(options.impersonation && { impersonation: options.impersonation }),
      gate: options.gate?.(clock) ?? new FairGate(generous, clock),
      csrChecks: { keyStrength: new KeyStrength(), ownKeys },
      policies: () => this.policies,
      trustDomains: { primary: parseTrustDomain('cluster.local'), aliases: [] },
      issuers: new LiveIssuers([issuer], issuer.name),
      serials: () => {
        options.during?.('policy');
        return serials();
      },
      log: this.log,
      recorder: new Recorder({
        instance: { name: 'rig' },
        id: uuidSource(
          () => clock.now(),
          (length) => randomBytes(length),
        ),
        policySetId: () => this.policies.id,
        includeCertificate: true,
      }),
      observer: { ended: (_, outcome) => this.outcomes.push(outcome) },
      clock,
      allowedSkewMs: options.allowedSkewMs ?? 5_000,
    });
  }

  static of(options: RigOptions = {}): Rig {
    const { kind = 'ec:P-256', pathLength } = options;
    const authority = intermediateOf(kind, pathLength);
    const real = SoftwareSigner.fromPem(authority.keyPem);
    const signer = options.signer?.(real) ?? real;
    const clock = new SetClock();
    const { live } = installIssuer(
      {
        name: 'mesh',
        chain: authority.pem,
        roots: root.pem,
        places: { chain: 'chain', roots: 'roots' },
        trustDomain: 'cluster.local',
        signer,
        keyKind: kind,
      },
      clock.now() / 1000,
    );
    return new Rig(clock, options.pointers === undefined ? live : { ...live, pointers: options.pointers }, options);
  }

  /** One whose issuer is somebody else's; its roots are the rig's, unless told. */
  static relaying(
    outside: (clock: SetClock) => OutsideIssuer,
    options: RigOptions & { readonly roots?: 'yet to be named' } = {},
  ): Rig<RelayedIssuer> {
    const clock = new SetClock();
    const roots = options.roots === undefined ? { roots: { pem: root.pem, place: 'roots' } } : {};
    return new Rig(
      clock,
      relayIssuer({ name: 'mesh', outside: outside(clock), ...roots }, clock.now() / 1000),
      options,
    );
  }

  request(over: Partial<Omit<IssuanceRequest, 'wish'>> & { readonly wish?: Asked } = {}): IssuanceRequest {
    const { wish = {} } = over;
    return {
      id: `request-${++this.#requests}`,
      door: 'istio',
      evidence: {
        authorization: ['Bearer of no interest here'],
        clusterId: ['Kubernetes'],
        peer: { ip: '192.0.2.7', port: 41_000, tls: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' } },
      },
      csr: csr(),
      ...over,
      wish: isWhole(wish) ? wish : { ttl: 3600n, csrNames: 'ignore', ttlAbove: 'reject', ...wish },
    };
  }

  /** A whole request, however it ends. */
  async ask(request = this.request(), signal = new AbortController().signal): Promise<Ended> {
    try {
      return { issued: await this.sequence.issue(request, signal) };
    } catch (thrown) {
      return { refusal: asRefusal(thrown) };
    }
  }

  /** `type reason` of each record, in order. */
  get ends(): string[] {
    return this.log.records.map(({ type, reason }) => (typeof reason === 'string' ? `${type} ${reason}` : type));
  }
}

let made: string | undefined;

/** A good CSR; the same one each time. */
export function csr(): string {
  made ??= p256Request().csr;
  return made;
}

export function codeOf(ended: Ended): string {
  return 'refusal' in ended ? ended.refusal.code : 'issued';
}
