import type { SigningIssuer } from '#issuance/live-issuer.ts';
import type { Clock } from '#issuance/ports.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Der } from '#x509/algorithms.ts';
import { readCertificate } from '#x509/certificate.ts';
import { type CertId, OcspIssuer } from '#x509/ocsp/cert-id.ts';
import { compareReleasedOcsp, lintOcspTbs } from '#x509/ocsp/lint.ts';
import { OcspRequestError, readOcspRequest } from '#x509/ocsp/request.ts';
import { assembleOcsp, type CertStatus, type OcspFailure, ocspFailure, ocspTbs } from '#x509/ocsp/response.ts';
import { readPem } from '#x509/pem.ts';
import { serialOf } from './document.ts';
import type { RevocationRegister } from './register.ts';
import { statusBackdate } from './sign-crl.ts';
import { Turns } from './turns.ts';

export interface OcspResponderParts {
  readonly register: Pick<RevocationRegister, 'find'>;
  readonly clock: Clock;
  /** Seconds from an answer's making to its nextUpdate. */
  readonly lifetime: number;
  /** Whose certificates are answered for. */
  readonly issuers: () => readonly SigningIssuer[];
  /** Whether a certificate of that serial, lower-case hexadecimal, may have been issued here. */
  readonly isIssued: (serial: string) => Promise<boolean>;
  /** Hears of each answer in one word; `error` only where an internal one has a cause. */
  readonly answered: (word: AnswerWord, error?: unknown) => void;
}

export type AnswerWord = 'good' | 'revoked' | 'unknown' | 'several' | OcspFailure;

/** DER, and how long it is the newest; times in seconds since the epoch. An answer without times is nobody's to keep. */
export interface OcspAnswer {
  readonly der: Der;
  readonly keep?: { readonly producedAt: number; readonly renewedAt: number; readonly nextUpdate: number };
}

interface Kept extends Required<OcspAnswer> {
  readonly word: AnswerWord;
}

/** Answers at hand; the oldest gives way. */
const mostKept = 10_000;
/** Signatures at a time, and questions that may wait for theirs: strangers must not keep a key from issuing. */
const mostAtWork = 1;
const mostWaiting = 64;
/** Of an answer that is outrun by revocations. */
const mostRounds = 3;

/**
 * Answers by OCSP (RFC 6960, in the profile of RFC 5019) whether certificates of our issuers are revoked, signed by the
 * issuer itself. An answer is kept for half of its life, so that asking again costs no signature; it is verified and read
 * back before anybody gets it. What the log does not hold is nobody's to vouch for: `unauthorized`.
 */
export class OcspResponder {
  readonly #parts: OcspResponderParts;
  readonly #kept = new Map<string, Kept>();
  readonly #underWay = new Map<string, Promise<Kept>>();
  readonly #named = new Map<string, OcspIssuer>();
  readonly #turns = new Turns(mostAtWork, mostWaiting);
  #generation = 0;

  constructor(parts: OcspResponderParts) {
    this.#parts = parts;
  }

  /** Something is revoked: no answer of before is given any more, nor one that is in the making. */
  forget(): void {
    this.#generation += 1;
    this.#kept.clear();
    this.#underWay.clear();
  }

  /** Never rejects. */
  async answer(request: Uint8Array): Promise<OcspAnswer> {
    try {
      const { certIds } = readOcspRequest(request);
      const { word, ...answer } = await this.#answerTo(certIds);
      this.#parts.answered(word);
      return answer;
    } catch (thrown) {
      return this.#failed(thrown);
    }
  }

  async #answerTo(certIds: readonly CertId[]): Promise<OcspAnswer & { readonly word: AnswerWord }> {
    const issuer = this.#parts.issuers().find((each) => certIds.every((id) => this.#name(each).isIssuerOf(id)));
    if (issuer === undefined) return { word: 'unauthorized', der: ocspFailure('unauthorized') };
    const [only, ...others] = certIds;
    if (only === undefined || others.length > 0) {
      const { der } = await this.#makeOfNow(issuer, certIds);
      return { word: 'several', der };
    }
    return this.#answerOne(issuer, only);
  }

  async #answerOne(issuer: SigningIssuer, certId: CertId): Promise<OcspAnswer & { readonly word: AnswerWord }> {
    const { register, isIssued, clock } = this.#parts;
    const serial = serialIn(certId);
    if (register.find(issuer.keyId, serial) === undefined && !(await isIssued(serial)))
      return { word: 'unauthorized', der: ocspFailure('unauthorized') };
    const key = Buffer.from(certId.der).toString('latin1');
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.keep.renewedAt * 1000 > clock.now()) return kept;
    return this.#underWay.get(key) ?? this.#makeAndKeep(key, issuer, certId);
  }

  #makeAndKeep(key: string, issuer: SigningIssuer, certId: CertId): Promise<Kept> {
    const making = this.#makeOfNow(issuer, [certId]).then((made) => {
      this.#kept.delete(key);
      this.#kept.set(key, made);
      const [oldest] = this.#kept.keys();
      if (this.#kept.size > mostKept && oldest !== undefined) this.#kept.delete(oldest);
      return made;
    });
    this.#underWay.set(key, making);
    const ended = () => {
      if (this.#underWay.get(key) === making) this.#underWay.delete(key);
    };
    making.then(ended, ended);
    return making;
  }

  /** What was revoked while an answer was being signed is in it, or nobody gets one. */
  async #makeOfNow(issuer: SigningIssuer, certIds: readonly CertId[]): Promise<Kept> {
    for (let round = 0; round < mostRounds; round++) {
      const generation = this.#generation;
      const made = await this.#make(issuer, certIds);
      if (generation === this.#generation) return made;
    }
    throw new Refusal('overload', 'revocations come faster than answers are signed; try again later');
  }

  /** The register is read when the turn has come: what was revoked while a question waited is told. */
  #make(issuer: SigningIssuer, certIds: readonly CertId[]): Promise<Kept> {
    return this.#turns.take(async () => {
      const { clock, lifetime, isIssued } = this.#parts;
      const producedAt = Math.floor(clock.now() / 1000);
      const nextUpdate = producedAt + lifetime;
      const statuses = await Promise.all(
        certIds.map(async (certId) => ({
          ...{ certId: certId.der, thisUpdate: producedAt - statusBackdate, nextUpdate },
          status: this.#status(issuer, serialIn(certId)) ?? ((await isIssued(serialIn(certId))) ? 'good' : 'unknown'),
        })),
      );
      const terms = { keySha1: this.#name(issuer).keySha1, producedAt, statuses };
      const { algorithm } = issuer.signer;
      const tbs = ocspTbs(terms);
      lintOcspTbs(tbs, terms);
      const signature = await issuer.signer.sign(tbs);
      const der = assembleOcsp(tbs, algorithm, signature);
      if (!(await issuer.verify(tbs, signature)))
        throw new Refusal('signer.bad-signature', `the signature by issuer ${issuer.name} does not verify`);
      compareReleasedOcsp(der, tbs, terms, algorithm);
      const renewedAt = producedAt + Math.floor(lifetime / 2);
      return { word: wordOf(statuses[0]?.status), der, keep: { producedAt, renewedAt, nextUpdate } };
    });
  }

  #status(issuer: SigningIssuer, serial: string): CertStatus | undefined {
    const revocation = this.#parts.register.find(issuer.keyId, serial);
    return revocation && { revokedAt: revocation.revokedAt, reason: revocation.reason };
  }

  #name({ certificateSha256, intermediates }: SigningIssuer): OcspIssuer {
    const known = this.#named.get(certificateSha256);
    if (known !== undefined) return known;
    const made = new OcspIssuer(readCertificate(readPem(intermediates[0] ?? '', ['CERTIFICATE'])));
    this.#named.set(certificateSha256, made);
    return made;
  }

  #failed(thrown: unknown): OcspAnswer {
    const failure = failureOf(thrown);
    this.#parts.answered(failure, failure === 'internalError' ? thrown : undefined);
    return { der: ocspFailure(failure) };
  }
}

function failureOf(thrown: unknown): OcspFailure {
  if (thrown instanceof OcspRequestError) return 'malformedRequest';
  return thrown instanceof Refusal && thrown.remedy === 'retry-later' ? 'tryLater' : 'internalError';
}

function wordOf(status: CertStatus | undefined): AnswerWord {
  if (status === undefined || status === 'unknown') return 'unknown';
  return status === 'good' ? 'good' : 'revoked';
}

const serialIn = ({ serial }: CertId) => serialOf(Buffer.from(serial).toString('hex'));
