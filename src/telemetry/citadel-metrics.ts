import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '#issuance/ports.ts';
import type { RefusalCode } from '#refusal/refusal.ts';
import type { Expiries } from './expiries.ts';
import type { IssuanceCells } from './issuance-cells.ts';

/**
 * The names that alerts written for istiod's own CA look at (contract istio-ca §6): no `_total`, no labels of ours,
 * and a series only once there is something to count. All of it is read off cells that are kept anyway.
 */
export function registerCitadelMetrics(
  registry: Registry,
  cells: IssuanceCells,
  expiries: Expiries,
  clock: Clock,
  startedCalls: () => number,
): void {
  const istio = () => cells.doors.get('istio');
  counter(registry, 'citadel_server_csr_count', 'The number of CSRs received.', () =>
    Math.max(startedCalls(), istio()?.ended ?? 0),
  );
  counter(
    registry,
    'citadel_server_success_cert_issuance_count',
    'The number of certificates issued.',
    () => istio()?.issued ?? 0,
  );
  counter(
    registry,
    'citadel_server_authentication_failure_count',
    'The number of callers that could not be authenticated, or may not act for another.',
    () => istio()?.refusedWhere((code) => signErrorOf(code) === undefined) ?? 0,
  );
  new Counter({
    name: 'citadel_server_csr_sign_err_count',
    help: 'The number of errors on the way to a signature.',
    labelNames: ['error'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [code, { count }] of istio()?.refused ?? []) {
        const error = signErrorOf(code);
        if (error !== undefined) this.inc({ error }, count);
      }
    },
  });
  expiry(registry, clock, 'citadel_server_root_cert_expiry', 'root certificate', () => expiries.first('root'));
  expiry(registry, clock, 'citadel_server_cert_chain_expiry', 'issuer certificate', () =>
    expiries.first('intermediate'),
  );
}

/** Istiod's word for a refusal; undefined for one that it counts as a failed authentication. */
function signErrorOf(code: RefusalCode): string | undefined {
  if (code.startsWith('authn.')) return undefined;
  if (code.startsWith('csr.') || code.startsWith('key.')) return 'CSR_ERROR';
  if (code.startsWith('ttl.')) return 'TTL_ERROR';
  if (code === 'signer.unavailable' || (code.startsWith('issuer.') && code !== 'issuer.unknown')) return 'CA_NOT_READY';
  if (code === 'profile.lint' || code === 'signer.bad-signature') return 'CERT_GEN_ERROR';
  return 'UNKNOWN';
}

function counter(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      const value = read();
      if (value === 0) this.remove();
      else this.inc(value);
    },
  });
}

/** `read` gives seconds since the epoch, or undefined while there is no such certificate. */
function expiry(registry: Registry, clock: Clock, name: string, what: string, read: () => number | undefined): void {
  const gauge = (suffix: string, help: string, value: (at: number) => number) =>
    new Gauge({
      name: `${name}_${suffix}`,
      help,
      registers: [registry],
      collect() {
        this.reset();
        const at = read();
        if (at === undefined) this.remove();
        else this.set(value(at));
      },
    });
  gauge('timestamp', `When the ${what} expires, in seconds since the epoch.`, (at) => at);
  gauge('seconds', `Seconds until the ${what} expires; negative when past.`, (at) => at - clock.now() / 1000);
}
