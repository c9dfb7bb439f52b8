import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { IssuanceObserver } from '#issuance/observer.ts';
import type { Clock } from '#issuance/ports.ts';
import { registerCitadelMetrics } from './citadel-metrics.ts';
import { Expiries } from './expiries.ts';
import { GrpcCalls } from './grpc-calls.ts';
import { IssuanceCells } from './issuance-cells.ts';
import { registerIssuanceCounters, renderIssuanceHistograms } from './issuance-render.ts';
import { IstioCsrMetrics } from './istio-csr-metrics.ts';
import { LiveGauges } from './live-gauges.ts';
import { WorkQueueMetrics } from './work-queues.ts';

export interface MetricsOptions {
  readonly clock: Clock;
  readonly version: string;
  /** Metrics of the process and of Node (memory, event loop, GC); they hold a timer-free observer each. Default true. */
  readonly process?: boolean;
  /** Also under the names of istio-csr. Default false. */
  readonly istioCsr?: boolean;
}

const createCertificate = '/istio.v1.auth.IstioCertificateService/CreateCertificate';

/** All that Prometheus can ask. Nothing is computed before somebody scrapes, save the adding up. */
export class Metrics {
  /** For counters and gauges of cold paths: a component registers its own here. */
  readonly registry = new Registry();
  readonly expiries = new Expiries();
  readonly gauges: LiveGauges;
  /** What a gRPC transport reports its calls to. */
  readonly grpc: GrpcCalls;
  /** What the queues of controllers report their work to. */
  readonly queues: WorkQueueMetrics;
  /** Absent where nobody asked for istio-csr's names. */
  readonly istioCsr: IstioCsrMetrics | undefined;
  readonly #cells = new IssuanceCells();

  constructor({ clock, version, process = true, istioCsr = false }: MetricsOptions) {
    this.gauges = new LiveGauges(this.registry);
    this.grpc = new GrpcCalls(this.registry);
    this.queues = new WorkQueueMetrics(this.registry);
    this.istioCsr = istioCsr ? new IstioCsrMetrics(this.registry, this.grpc) : undefined;
    registerIssuanceCounters(this.registry, this.#cells);
    registerCitadelMetrics(this.registry, this.#cells, this.expiries, clock, () =>
      this.grpc.started(createCertificate),
    );
    this.#registerExpiries();
    this.#registerBuild(version);
    if (process) collectDefaultMetrics({ register: this.registry });
  }

  get observer(): IssuanceObserver {
    return this.#cells;
  }

  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;

  /** The whole exposition, in the text format 0.0.4. */
  async render(): Promise<string> {
    const histograms = [
      renderIssuanceHistograms(this.#cells),
      this.grpc.renderHistograms(),
      this.queues.renderHistograms(),
      this.istioCsr?.renderHistogram() ?? '',
    ];
    return `${histograms.join('')}${await this.registry.metrics()}`;
  }

  #registerExpiries(): void {
    const { expiries } = this;
    new Gauge({
      name: 'countersign_certificate_expiry_timestamp_seconds',
      help: 'When a certificate that this server lives by expires, or a CRL of its own, in seconds since the epoch.',
      labelNames: ['role', 'name'],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [role, name, notAfter] of expiries.all()) this.set({ role, name }, notAfter);
      },
    });
  }

  #registerBuild(version: string): void {
    const { node, openssl } = globalThis.process.versions;
    new Gauge({
      name: 'countersign_build_info',
      help: 'Always 1; the labels say what runs.',
      labelNames: ['version', 'node', 'openssl'],
      registers: [this.registry],
    }).set({ version, node, openssl: openssl ?? 'unknown' }, 1);
  }
}
