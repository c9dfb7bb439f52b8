import { randomBytes, sign } from 'node:crypto';
import type { Clock, OutsideAnswer, OutsideIssuer, OutsideOrder } from '#issuance/ports.ts';
import { knownKind, signatureAlgorithmOf } from '#keys/key-kind.ts';
import type { TestAuthority } from '#test/support/software-ca.ts';
import { algorithmIdentifier } from '#x509/algorithm-identifiers.ts';
import type { Der } from '#x509/algorithms.ts';
import { readCertificate } from '#x509/certificate.ts';
import { type ParsedCsr, parseCsr } from '#x509/csr/parse.ts';
import { contextPrimitive } from '#x509/der/tags.ts';
import { boolean, element, explicit, integer, octetString, oid, sequence, unsignedInteger } from '#x509/der/writer.ts';
import { readPem, toPem } from '#x509/pem.ts';
import { authorityKeyId, certificateExtensions, endEntityBasicConstraints } from '#x509/profile/extensions.ts';
import { assembleSigned } from '#x509/signed.ts';
import { timeLength, writeTime } from '#x509/validity-time.ts';

export const san = '2.5.29.17';
export const usage = '2.5.29.15';
export const purposes = '2.5.29.37';
export const constraints = '2.5.29.19';
export const serverAuth = '1.3.6.1.5.5.7.3.1';
export const clientAuth = '1.3.6.1.5.5.7.3.2';

export const extension = (id: string, value: Uint8Array, critical = false): Der =>
  sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value));
export const purposesOf = (...ids: readonly string[]) => extension(purposes, sequence(...ids.map(oid)));
export const uri = (value: string) => element(contextPrimitive(6), Buffer.from(value, 'latin1'));
export const dns = (value: string) => element(contextPrimitive(2), Buffer.from(value, 'latin1'));
export const names = (critical: boolean, ...each: readonly Der[]) => extension(san, sequence(...each), critical);

/** A certificate in the parts that an issuer fills, whole elements but for the times. */
export interface Shape {
  readonly version: Der;
  readonly serial: Uint8Array;
  readonly issuer: Der;
  /** Seconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly subject: Der;
  readonly spki: Der;
  /** By their identifiers, in order. */
  readonly extensions: Readonly<Record<string, Der>>;
}

export const without = (shape: Shape, ...ids: readonly string[]): Shape => ({
  ...shape,
  extensions: Object.fromEntries(Object.entries(shape.extensions).filter(([id]) => !ids.includes(id))),
});
export const having = (shape: Shape, extensions: Shape['extensions']): Shape => ({
  ...shape,
  extensions: { ...shape.extensions, ...extensions },
});

/** What cert-manager's CA issuer makes of a request: subject and names copied, its own clock, no keyUsage. */
export function caShape(csr: ParsedCsr, ca: TestAuthority, now: number, seconds: number): Shape {
  const issuing = readCertificate(ca.certificate);
  const serial = randomBytes(16);
  serial[0] = 0x2a;
  const [first] = csr.attributes.extensions.sans;
  return {
    version: explicit(0, integer(2)),
    serial,
    issuer: issuing.subject,
    notBefore: now,
    notAfter: now + seconds,
    subject: csr.subject.der,
    spki: csr.key.spki,
    extensions: {
      [purposes]: purposesOf(clientAuth, serverAuth),
      [constraints]: endEntityBasicConstraints(),
      '2.5.29.35': authorityKeyId(issuing.subjectKeyId ?? new Uint8Array()),
      [san]: names(csr.subject.empty, uri(first?.value ?? '')),
    },
  };
}

function validity(notBefore: number, notAfter: number): Der {
  const times = new Uint8Array(timeLength(notBefore) + timeLength(notAfter));
  writeTime(times, writeTime(times, 0, notBefore), notAfter);
  return sequence(times);
}

export function tbsOf(shape: Shape, ca: TestAuthority): Uint8Array {
  return sequence(
    shape.version,
    unsignedInteger(shape.serial),
    algorithmIdentifier(algorithmOf(ca)),
    shape.issuer,
    validity(shape.notBefore, shape.notAfter),
    shape.subject,
    shape.spki,
    certificateExtensions(Object.values(shape.extensions)),
  );
}

const algorithmOf = ({ key }: TestAuthority) => signatureAlgorithmOf(knownKind(key));

/** Signs whatever stands there, as an issuer does that has gone astray. */
export function signed(tbs: Uint8Array, ca: TestAuthority): Der {
  const algorithm = algorithmOf(ca);
  return assembleSigned(tbs, algorithm, sign(/sha\d+/.exec(algorithm)?.[0] ?? null, tbs, ca.key));
}

export const certificatePem = (shape: Shape, ca: TestAuthority) => toPem('CERTIFICATE', signed(tbsOf(shape, ca), ca));

export const trail = { namespace: 'istio-system', name: 'istio-csr-x7k2p', uid: '0d9c-17', issuer: 'Issuer/istio-ca' };

/** What is known when an answer is made up. */
export interface Asked {
  readonly order: OutsideOrder;
  readonly csr: ParsedCsr;
  /** Seconds since the epoch. */
  readonly now: number;
  /** As the CA issuer would make it. */
  readonly shape: Shape;
}
export type Answering = (asked: Asked, signal: AbortSignal) => Promise<string> | string;

/** An issuer behind a port: `ca` signs, `answering` says what comes back as the chain; what it is asked is kept. */
export class OutsideCa implements OutsideIssuer {
  readonly orders: OutsideOrder[] = [];
  readonly #ca: TestAuthority;
  readonly #clock: Clock;
  readonly #named: string;
  answering: Answering;

  constructor(ca: TestAuthority, clock: Clock, answering: Answering = plain(ca), named = '') {
    this.#ca = ca;
    this.#clock = clock;
    this.#named = named;
    this.answering = answering;
  }

  async request(order: OutsideOrder, signal: AbortSignal): Promise<OutsideAnswer> {
    this.orders.push(order);
    order.placed?.(trail);
    const csr = parseCsr(readPem(order.csr, ['CERTIFICATE REQUEST']));
    const now = Math.floor(this.#clock.now() / 1000);
    const shape = caShape(csr, this.#ca, now, order.seconds);
    const chain = await this.answering({ order, csr, now, shape }, signal);
    return { chain, ca: this.#named, trail };
  }
}

/** The leaf and its issuer, as they should be. */
export function plain(ca: TestAuthority, chain = ca.pem): Answering {
  return ({ csr, now, order }) => certificatePem(caShape(csr, ca, now, order.seconds), ca) + chain;
}

/** The same with the leaf of another shape. */
export function shaped(ca: TestAuthority, change: (asked: Asked) => Shape): Answering {
  return (asked) => certificatePem(change(asked), ca) + ca.pem;
}
