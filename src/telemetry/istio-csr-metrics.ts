import { Counter, type Registry } from 'prom-client';
import { codeNames, type GrpcCalls, labelNames, labelsOf } from './grpc-calls.ts';
import { Bounds, renderHistograms } from './histogram.ts';

const path = '/istio.v1.auth.IstioCertificateService/CreateCertificate';
const prefix = 'cert_manager_istio_csr';

/** The buckets that Go's client library has when nobody chooses any, in seconds. */
const defaultBuckets = new Bounds([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10].map(String));

/**
 * The names that dashboards and alerts written for istio-csr look at (contract istio-ca §4.7), of the one method that
 * it serves. Every series is there from the start, at zero: an alert on a rate needs something to begin from.
 */
export class IstioCsrMetrics {
  readonly #calls: GrpcCalls;
  readonly #tries: Counter<'success'>;

  constructor(registry: Registry, calls: GrpcCalls) {
    this.#calls = calls;
    this.#tries = new Counter({
      name: `${prefix}_tls_provider_certificate_requests`,
      help: 'Tries to get a serving certificate, by whether one came.',
      labelNames: ['success'],
      registers: [registry],
    });
    for (const success of ['0', '1']) this.#tries.inc({ success }, 0);
    const started = () => calls.started(path);
    perMethod(registry, 'started_total', 'Calls begun.', started);
    // one message each way, and the answer's only where there is one
    perMethod(registry, 'msg_received_total', 'Messages received.', started);
    perMethod(registry, 'msg_sent_total', 'Messages sent.', () => calls.handled(path, 'OK'));
    new Counter({
      name: `${prefix}_grpc_server_handled_total`,
      help: 'Calls ended, by status code.',
      labelNames: [...labelNames, 'grpc_code'],
      registers: [registry],
      collect() {
        this.reset();
        for (const code of codeNames) this.inc({ ...labelsOf(path), grpc_code: code }, calls.handled(path, code));
      },
    });
  }

  /** The serving certificate was made anew, or could not be. */
  servingTried(success: boolean): void {
    this.#tries.inc({ success: success ? '1' : '0' });
  }

  renderHistogram(): string {
    const name = `${prefix}_grpc_server_handling_seconds`;
    return renderHistograms(name, 'Time from a call until its answer.', [this.#calls.duration(path)], defaultBuckets);
  }
}

function perMethod(registry: Registry, suffix: string, help: string, read: () => number): void {
  new Counter({
    name: `${prefix}_grpc_server_${suffix}`,
    help,
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(labelsOf(path), read());
    },
  });
}
