import { hash } from 'node:crypto';
import type { Clock, Evidence } from '#issuance/ports.ts';
import { type Administrator, mintAdministrator } from '#policy/administrator.ts';
import { Refusal } from '#refusal/refusal.ts';
import { parseSpiffeId, trustDomainOf } from '#spiffe/spiffe-id.ts';
import { svidIdentity } from '#spiffe/x509-svid.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { CertificateError } from '#x509/certificate-error.ts';
import { nameText } from '#x509/name.ts';
import { bearerToken } from '../oidc/bearer.ts';
import type { TokenCheck } from '../oidc/token-check.ts';
import { type Grant, rolesOf } from './role-table.ts';

export interface AdministratorsOptions {
  readonly clock: Clock;
  readonly grants: readonly Grant[];
  /** Absent: a token proves nothing. */
  readonly tokens?: TokenCheck;
  /** Whether a client certificate proves anything; the handshake has verified its chain. */
  readonly certificates: boolean;
}

/** Longest name of a person that stands in records. */
const longestUser = 256;

/** Who is at the admin API: by a token, and where none is presented by the client certificate. */
export class Administrators {
  readonly #options: AdministratorsOptions;

  constructor(options: AdministratorsOptions) {
    this.#options = options;
  }

  /** Throws Refusal `authn.failed` (the reason is for the log, never for the asker) or `authn.unavailable`. */
  async authenticate(evidence: Evidence, signal: AbortSignal): Promise<Administrator> {
    const { tokens, certificates } = this.#options;
    const token = bearerToken(evidence.authorization);
    // a token that does not hold is not made good by a certificate beside it
    if (token !== undefined && tokens !== undefined) return this.#byToken(tokens, token, signal);
    const [leaf] = evidence.clientCertificate ?? [];
    if (leaf !== undefined && certificates) return this.#byCertificate(leaf);
    throw new Refusal('authn.failed', 'nothing presented');
  }

  async #byToken(tokens: TokenCheck, token: string, signal: AbortSignal): Promise<Administrator> {
    const { claims, credential, expires } = await tokens.check(token, signal);
    const { sub, amr } = claims;
    if (typeof sub !== 'string' || sub === '' || sub.length > longestUser)
      throw new Refusal('authn.failed', `the sub of the token is no text of 1 to ${longestUser} characters`);
    return mintAdministrator({
      user: sub,
      method: 'oidc',
      credential,
      roles: rolesOf(this.#options.grants, { claims }),
      expires,
      ...(Array.isArray(amr) && amr.includes('mfa') && { mfa: true }),
    });
  }

  #byCertificate(der: Uint8Array): Administrator {
    const certificate = read(der);
    const now = Math.floor(this.#options.clock.now() / 1000);
    // a connection may outlive its certificate
    if (now < certificate.notBefore || now > certificate.notAfter)
      throw new Refusal('authn.failed', 'the client certificate is outside its validity');
    const certificateSha256 = hash('sha256', der, 'hex');
    const spiffeId = spiffeIdOf(certificate);
    const subject = nameText(certificate.subject);
    const known = { subject, certificateSha256, ...(spiffeId !== undefined && { spiffeId }) };
    return mintAdministrator({
      user: (spiffeId ?? (subject || certificateSha256)).slice(0, longestUser),
      method: 'client-cert',
      credential: { certificateSha256, expires: certificate.notAfter },
      roles: rolesOf(this.#options.grants, known),
      expires: certificate.notAfter,
    });
  }
}

function read(der: Uint8Array): Certificate {
  try {
    const certificate = readCertificate(der);
    if (!certificate.isCa) return certificate;
  } catch (thrown) {
    if (!(thrown instanceof CertificateError)) throw thrown;
    throw new Refusal('authn.failed', `the client certificate is not taken: ${thrown.message}`);
  }
  throw new Refusal('authn.failed', 'the client certificate is not taken: it is a CA');
}

/** Of whatever trust domain: its CA was verified, and entries name the whole ID. Undefined for what is no SVID. */
function spiffeIdOf(certificate: Certificate): string | undefined {
  const [uri] = certificate.uris;
  if (uri === undefined) return undefined;
  try {
    return svidIdentity(certificate, trustDomainOf(parseSpiffeId(uri)));
  } catch (thrown) {
    if (thrown instanceof Refusal) return undefined;
    throw thrown;
  }
}
