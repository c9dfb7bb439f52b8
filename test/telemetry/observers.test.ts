import { expect, it } from 'vitest';
import { observeWith } from '#telemetry/observers.ts';
import { issued, request } from './outcome.ts';

it('a listener that fails is reported and keeps nobody else from hearing', () => {
  const heard: string[] = [];
  const failures: unknown[] = [];
  const broken = new Error('broken');
  const observer = observeWith(
    [
      { ended: () => heard.push('first') },
      {
        ended: () => {
          throw broken;
        },
      },
      { ended: ({ id }) => heard.push(id) },
    ],
    (thrown) => failures.push(thrown),
  );
  observer.ended(request, issued);
  expect(heard).toEqual(['first', request.id]);
  expect(failures).toEqual([broken]);
});
