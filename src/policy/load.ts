import { readFiles } from '#document/files.ts';
import { DocumentError } from '#document/problem.ts';
import { runPolicyTests } from './cases.ts';
import { type PolicySet, type PolicySource, policySet } from './set.ts';

/**
 * The policies of files and folders, compiled and with every case beside the rules passing. All or nothing: on any
 * fault a DocumentError names each one, and whatever set was in force stays. `now` in ms since the epoch.
 */
export function loadPolicySet(paths: readonly string[], now: number): PolicySet {
  return provenPolicySet(readFiles(paths), now);
}

/** The same over texts already read. */
export function provenPolicySet(sources: readonly PolicySource[], now: number): PolicySet {
  const set = policySet(sources, now);
  const failures = runPolicyTests(set, now).flatMap(({ problem }) => problem ?? []);
  if (failures.length > 0) throw new DocumentError(failures);
  return set;
}
