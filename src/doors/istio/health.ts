import type { Inlet, Methods, Outlet, StreamingMethod } from './method.ts';
import { bytesOfField, varintField } from './protobuf.ts';
import { grpcCode } from './status.ts';

const serving = 1;
const notServing = 2;
const serviceUnknown = 3;
/** Watchers at once: they alone have no time limit. */
const maxWatchers = 256;
const ok = { code: grpcCode.ok, message: '' };

/**
 * `grpc.health.v1.Health` for the server as a whole (the empty name) and each of its services. It answers from one
 * flag and takes no workplace: a probe must not fail because the door is busy.
 */
export class HealthService {
  readonly #names: ReadonlySet<string>;
  readonly #watchers = new Map<Outlet, string>();
  #serving = false;

  constructor(services: readonly string[]) {
    this.#names = new Set(['', ...services]);
  }

  /** All services are ready together, or none is. */
  set serving(value: boolean) {
    if (value === this.#serving) return;
    this.#serving = value;
    for (const [watcher, name] of this.#watchers) watcher.send(this.#answer(name));
  }

  /** The server ends: a stream that waits for changes would hold its connection open. */
  close(): void {
    this.serving = false;
    for (const watcher of [...this.#watchers.keys()]) {
      watcher.end({ code: grpcCode.unavailable, message: 'the server is stopping' });
    }
  }

  get methods(): Methods {
    const check: StreamingMethod = { kind: 'streaming', lifeMs: 10_000, open: (outlet) => this.#check(outlet) };
    const watch: StreamingMethod = { kind: 'streaming', open: (outlet) => this.#watch(outlet) };
    return new Map([
      ['/grpc.health.v1.Health/Check', check],
      ['/grpc.health.v1.Health/Watch', watch],
    ]);
  }

  #check(outlet: Outlet): Inlet {
    return {
      message: (bytes) => {
        const name = bytesOfField(bytes, 1).toString();
        if (!this.#names.has(name)) outlet.end({ code: grpcCode.notFound, message: 'no such service here' });
        else {
          outlet.send(this.#answer(name));
          outlet.end(ok);
        }
      },
      ended: () => outlet.end({ code: grpcCode.invalidArgument, message: 'a health check carries one message' }),
      closed: () => {},
    };
  }

  #watch(outlet: Outlet): Inlet {
    if (this.#watchers.size >= maxWatchers) {
      outlet.end({ code: grpcCode.resourceExhausted, message: `${maxWatchers} watchers are here already` });
    } else this.#watchers.set(outlet, '');
    return {
      message: (bytes) => {
        const name = bytesOfField(bytes, 1).toString();
        if (this.#watchers.has(outlet)) this.#watchers.set(outlet, name);
        outlet.send(this.#answer(name));
      },
      ended: () => {},
      closed: () => {
        this.#watchers.delete(outlet);
      },
    };
  }

  #answer(name: string): Buffer {
    if (!this.#names.has(name)) return varintField(1, serviceUnknown);
    return varintField(1, this.#serving ? serving : notServing);
  }
}
