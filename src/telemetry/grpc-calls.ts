import { Counter, Gauge, type Registry } from 'prom-client';
import { LatencyHistogram, renderHistograms } from './histogram.ts';

/** Status codes by number (gRPC core, "Status codes and their use"). */
export const codeNames = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
] as const;

class MethodCells {
  started = 0;
  readonly handled = new Float64Array(codeNames.length);
  readonly duration = new LatencyHistogram();
}

/**
 * The `grpc_server_*` metrics that go-grpc-prometheus made customary and that istiod and istio-csr both have. The
 * door says which paths exist, so a stranger cannot invent series.
 */
export class GrpcCalls {
  readonly #methods = new Map<string, MethodCells>();

  constructor(registry: Registry) {
    const methods = this.#methods;
    new Counter({
      name: 'grpc_server_started_total',
      help: 'Calls begun.',
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        for (const [path, cells] of methods) this.inc(labelsOf(path), cells.started);
      },
    });
    new Counter({
      name: 'grpc_server_handled_total',
      help: 'Calls ended, by status code.',
      labelNames: [...labelNames, 'grpc_code'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [path, cells] of methods) {
          for (const [at, code] of codeNames.entries()) {
            this.inc({ ...labelsOf(path), grpc_code: code }, cells.handled[at] ?? 0);
          }
        }
      },
    });
    new Gauge({
      name: 'grpc_server_in_flight',
      help: 'Calls begun and not ended.',
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        for (const [path, cells] of methods) this.set(labelsOf(path), cells.started - cells.duration.count);
      },
    });
  }

  callStarted(path: string): void {
    this.#cells(path).started++;
  }

  /** `code` is a gRPC status number, `ms` the time since the call began. */
  callEnded(path: string, code: number, ms: number): void {
    const cells = this.#cells(path);
    const at = code in codeNames ? code : 2;
    cells.handled[at] = (cells.handled[at] ?? 0) + 1;
    cells.duration.observe(ms);
  }

  started(path: string): number {
    return this.#methods.get(path)?.started ?? 0;
  }

  /** `code` by its name. */
  handled(path: string, code: (typeof codeNames)[number]): number {
    return this.#methods.get(path)?.handled[codeNames.indexOf(code)] ?? 0;
  }

  /** Labels and times of one method's calls; empty ones before the first. */
  duration(path: string): readonly [labels: string, duration: LatencyHistogram] {
    const labels = Object.entries(labelsOf(path)).map(([name, value]) => `${name}="${value}"`);
    return [labels.join(','), this.#methods.get(path)?.duration ?? new LatencyHistogram()];
  }

  renderHistograms(): string {
    const series = [...this.#methods.keys()].map((path) => this.duration(path));
    return renderHistograms('grpc_server_handling_seconds', 'Time from a call until its answer.', series);
  }

  #cells(path: string): MethodCells {
    let cells = this.#methods.get(path);
    if (cells === undefined) {
      cells = new MethodCells();
      this.#methods.set(path, cells);
    }
    return cells;
  }
}

export const labelNames = ['grpc_type', 'grpc_service', 'grpc_method'] as const;

/** `/istio.v1.auth.IstioCertificateService/CreateCertificate`; anything else is an unknown method. */
export function labelsOf(path: string): Record<(typeof labelNames)[number], string> {
  const [, service = 'unknown', method = 'unknown'] = /^\/([\w.]+)\/(\w+)$/.exec(path) ?? [];
  return { grpc_type: 'unary', grpc_service: service, grpc_method: method };
}
