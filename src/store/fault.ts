/** The steps between an accepted record and its published checkpoint, in order: where a crash is worth rehearsing. */
export const faultPoints = [
  'batch.received',
  'batch.inserted',
  'batch.committed',
  'batch.answered',
  'publish.bundle',
  'publish.tile',
  'publish.checkpoint.tmp',
  'publish.checkpoint.renamed',
] as const;

/** The steps between the record of what is removed and its end: bodies, what is published of them, values beside the log. */
export const removalPoints = [
  'drop.recorded',
  'drop.deleted',
  'drop.committed',
  'withdraw.retained',
  'erase.recorded',
  'erase.deleted',
  'erase.committed',
] as const;
export type FaultPoint = (typeof faultPoints)[number];
export type RemovalPoint = (typeof removalPoints)[number];

/**
 * Dies here, as kill -9 does, if the environment asks for it: COUNTERSIGN_FAULT=point[:n] means the n-th pass of that
 * point in its thread, and counts only beside COUNTERSIGN_FAULTS=1, so that one stray variable ends no server.
 */
export function fault(point: FaultPoint | RemovalPoint): void {
  if (point !== armed?.point) return;
  armed.passes--;
  if (armed.passes === 0) process.kill(process.pid, 'SIGKILL');
}

const armed = arm(process.env.COUNTERSIGN_FAULTS, process.env.COUNTERSIGN_FAULT);

function arm(enabled: string | undefined, fault: string | undefined): { point: string; passes: number } | undefined {
  if (enabled !== '1' || fault === undefined) return undefined;
  const [point = '', passes = '1'] = fault.split(':');
  return { point, passes: Number(passes) };
}
