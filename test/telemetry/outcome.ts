import type { IssuanceOutcome } from '#issuance/observer.ts';
import type { IssuanceRequest } from '#issuance/request.ts';
import { Refusal, type RefusalCode } from '#refusal/refusal.ts';

/** A request as the Istio door makes it, with a canary wherever a secret could be. */
export const request: IssuanceRequest = {
  id: '0190f5ab-1111-7000-8000-000000000001',
  door: 'istio',
  evidence: {
    authorization: ['Bearer CANARY.token.value'],
    clusterId: ['Kubernetes'],
    peer: { ip: '192.0.2.7', port: 41_000, tls: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' } },
  },
  csr: '-----BEGIN CERTIFICATE REQUEST-----\nCANARY\n-----END CERTIFICATE REQUEST-----\n',
  wish: { ttl: 3600n, csrNames: 'ignore', ttlAbove: 'reject' },
};

export const issued: IssuanceOutcome = {
  startedAt: Date.UTC(2026, 10, 21, 12),
  totalMs: 4,
  stageMs: Float64Array.of(0.5, 0.2, 0.02, 0.01, 0.3, 3),
  identity: 'spiffe://cluster.local/ns/demo/sa/web',
  serial: '0a0b0c',
  policy: 'istio',
  leafIndex: 41,
};

/** A refusal after `ran` stages. */
export function refused(code: RefusalCode, ran = 1, sentence = `refused for ${code}`): IssuanceOutcome {
  const stageMs = new Float64Array(6).fill(-1).fill(0.5, 0, ran);
  return { startedAt: issued.startedAt, totalMs: 1, stageMs, refusal: new Refusal(code, sentence) };
}
