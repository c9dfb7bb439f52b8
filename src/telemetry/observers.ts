import type { IssuanceObserver } from '#issuance/observer.ts';

/** Several listeners as one; one that throws is reported and keeps nobody else from hearing. */
export function observeWith(
  listeners: readonly IssuanceObserver[],
  failed: (thrown: unknown) => void,
): IssuanceObserver {
  return {
    ended(request, outcome) {
      for (const listener of listeners) {
        try {
          listener.ended(request, outcome);
        } catch (thrown) {
          failed(thrown);
        }
      }
    },
  };
}
