import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take minutes, the longest first: begun last, each would run alone. The kill test takes all of the machine that it
 * can get, so that what waits for others comes beside it, and the benchmarks, which want some of it, later.
 */
const long = [
  'test/e2e/kill/',
  'test/distribution/',
  'test/e2e/istio/clusters',
  'test/e2e/cert-manager/',
  'test/e2e/istio/',
  'test/charts/',
  'test/bench/',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification) => {
      const place = long.findIndex((part) => moduleId.includes(part));
      return place < 0 ? long.length : place;
    };
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}
