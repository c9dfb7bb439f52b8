import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ApiError, type ApiRequest, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import { byKey, ClusterModel, type Sink, stripThing, type Thing } from './cluster-model.ts';
import { FakePace, until } from './fake-pace.ts';

/** The model without a network between, so that thousands of histories can be tried. */
class ModelApi implements KubernetesApi {
  readonly model = new ClusterModel();
  readonly faults: ApiError[] = [];
  readonly #cuts = new Set<() => void>();

  async ask({ query }: ApiRequest): Promise<KubernetesObject> {
    this.#fail();
    const { status, body } = this.model.list(new URLSearchParams(query));
    if (status !== 200) throw new ApiError(`list ${status}`, { status });
    return body;
  }

  async *lines({ query, signal }: ApiRequest): AsyncGenerator<KubernetesObject> {
    this.#fail();
    const queue: (KubernetesObject | 'end' | 'cut')[] = [];
    let wake = () => {};
    const push = (item: KubernetesObject | 'end' | 'cut') => {
      queue.push(item);
      wake();
    };
    const sink: Sink = { line: push, end: () => push('end') };
    const cut = () => push('cut');
    const refused = this.model.watch(new URLSearchParams(query), sink);
    if (refused !== undefined) throw new ApiError(`watch ${refused.status}`, { status: refused.status });
    this.#cuts.add(cut);
    signal?.addEventListener('abort', cut);
    try {
      for (;;) {
        const next = queue.shift();
        if (next === 'end') return;
        if (next === 'cut') throw new ApiError('cut', { status: 0 });
        if (next !== undefined) yield next;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      this.model.watches.delete(sink);
      this.#cuts.delete(cut);
    }
  }

  cut(): void {
    for (const cut of this.#cuts) cut();
  }

  async close(): Promise<void> {}

  #fail(): void {
    const fault = this.faults.shift();
    if (fault !== undefined) throw fault;
  }
}

type Step = (api: ModelApi, pace: FakePace) => void;

const names = fc.constantFrom('a', 'b', 'c', 'd');
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(names, fc.nat(5)).map(
      ([name, value]): Step =>
        ({ model }) =>
          model.put('ns', name, value),
    ),
  },
  {
    weight: 4,
    arbitrary: names.map(
      (name): Step =>
        ({ model }) =>
          model.remove('ns', name),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>(({ model }) => model.elsewhere()) },
  { weight: 1, arbitrary: fc.constant<Step>(({ model }) => model.bookmark()) },
  { weight: 1, arbitrary: fc.constant<Step>(({ model }) => model.compact()) },
  { weight: 1, arbitrary: fc.constant<Step>(({ model }) => model.endWatches()) },
  { weight: 2, arbitrary: fc.constant<Step>((api) => api.cut()) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(0, 400, 401, 403, 404, 410, 422, 429, 500, 503).map(
      (status): Step =>
        (api) =>
          void api.faults.push(new ApiError(`fault ${status}`, { status })),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.nat(40_000).map(
      (ms): Step =>
        (_, pace) =>
          pace.advance(ms),
    ),
  },
);

it('K-77: whatever happens to objects, versions and connections, the view ends with the set of the server', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(steps, fc.nat(3)), { maxLength: 40 }),
      fc.constantFrom('yes' as const, 'refused' as const, 'unknown' as const),
      async (history, streaming) => {
        const [api, pace, told] = [new ModelApi(), new FakePace(), new Map<string, Thing>()];
        const wrong: unknown[] = [];
        api.model.streaming = streaming;
        const view = new Reflector<Thing>({
          api,
          path: '/things',
          strip: stripThing,
          indexes: { value: ({ value }) => String(value) },
          pace,
          onChange: ({ key, before, after }) => {
            // what handlers are told adds up: each change begins where the one before ended
            if (before?.version !== told.get(key)?.version) wrong.push([key, before, told.get(key)]);
            if (after === undefined) told.delete(key);
            else told.set(key, after);
          },
        });
        view.start();
        for (const [step, turns] of history) {
          step(api, pace);
          for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
        }
        const isWhole = () =>
          JSON.stringify([...view.all()].toSorted(byKey)) === JSON.stringify(api.model.things()) && view.synced;
        await until(() => {
          if (!isWhole()) pace.advance(1000);
          return isWhole();
        });
        expect(wrong).toEqual([]);
        expect([...told.values()].toSorted(byKey)).toEqual(api.model.things());
        for (const value of ['0', '1', '2', '3', '4', '5']) {
          const expected = api.model.things().filter((thing) => String(thing.value) === value);
          expect(view.by('value', value).toSorted(byKey)).toEqual(expected);
        }
        await view.stop();
      },
    ),
    { numRuns: 150 },
  );
});
