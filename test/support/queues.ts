/** Names of the work queues that had something to do, as an exposition tells. */
export const queuesAtWork = (exposition: string): readonly (string | undefined)[] =>
  [...exposition.matchAll(/^workqueue_adds_total\{name="([^"]+)"\} [1-9]/gm)].map(([, name]) => name).toSorted();
