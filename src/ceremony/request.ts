import { resolve } from 'node:path';
import { Refusal } from '#refusal/refusal.ts';
import { toPem } from '#x509/pem.ts';
import { assembleRequest, caRequestInfo } from '#x509/profile/certification-request.ts';
import { importSpki, verifySignature } from '#x509/verify-signature.ts';
import { ensureKey, fromBase64, type Made, toBase64 } from './authority-steps.ts';
import { CeremonyError } from './ceremony-error.ts';
import { type CeremonyTools, inCeremony, keep, keepTranscripts } from './context.ts';
import type { CeremonyPlan, PlannedCertificate } from './plan.ts';
import type { CeremonyKey } from './ports.ts';

export interface RequestOutcome {
  readonly planned: PlannedCertificate;
  readonly key: CeremonyKey;
  /** PEM PKCS#10, for the enterprise's CA. */
  readonly csr: string;
  readonly csrPath: string;
  readonly keyWas: Made;
}

/**
 * For a root that we never touch: makes the key of an intermediate and the request that its CA signs. Run again, it
 * gives the same request. Throws CeremonyError.
 */
export async function requestIntermediate(
  plan: CeremonyPlan,
  label: string,
  tools: CeremonyTools,
): Promise<RequestOutcome> {
  const planned = outsideIntermediate(plan, label);
  return inCeremony(plan, tools, async (context) => {
    const { journal, shelf } = context;
    const [key, keyWas] = await ensureKey(planned, context);
    const done = journal.last('request', label);
    const der = done === undefined ? await signRequest(plan, planned, key) : fromBase64(done.der);
    if (done === undefined) await journal.write({ step: 'request', label, der: toBase64(der) });
    const csr = toPem('CERTIFICATE REQUEST', der);
    const csrPath = resolve(plan.outputs, `${label}.csr.pem`);
    await keep(shelf, csrPath, csr);
    await keepTranscripts(context);
    await key.signer.close();
    return { planned, key, csr, csrPath, keyWas };
  });
}

/** Throws CeremonyError where the file plans no such intermediate, or a root of its own. */
export function outsideIntermediate(plan: CeremonyPlan, label: string): PlannedCertificate {
  if (plan.root !== undefined) {
    throw new CeremonyError('no-request', `${plan.file} plans a root of its own, which signs: use "ceremony run"`);
  }
  const planned = plan.intermediates.find((each) => each.label === label);
  if (planned !== undefined) return planned;
  const known = plan.intermediates.map((each) => each.label).join(', ');
  throw new CeremonyError('unknown-intermediate', `${plan.file} plans no intermediate ${label}; it plans ${known}`);
}

async function signRequest(plan: CeremonyPlan, planned: PlannedCertificate, { signer }: CeremonyKey) {
  const info = caRequestInfo({
    subject: planned.subject,
    spki: signer.spki,
    trustDomain: plan.trustDomain,
    ...(planned.pathLength === undefined ? {} : { pathLength: planned.pathLength }),
  });
  const signature = await signer.sign(info);
  if (!(await verifySignature(importSpki(signer.spki), signer.algorithm, info, signature))) {
    throw new Refusal(
      'signer.bad-signature',
      'the key gave a signature that its own public key does not verify; look at the token',
    );
  }
  return assembleRequest(info, signer.algorithm, signature);
}
