import { request } from 'node:http';
import { inject } from 'vitest';
import { ControlPlane, type ControlPlaneFacts } from './control-plane.ts';

let found: Promise<ControlPlane> | undefined;

/**
 * The control plane that all test files of a run share; the first to ask waits some seconds for its start. Files run side
 * by side: use namespaces and nodes of your own, leave what you did not make alone, and never expect to be alone in a list.
 * To pause it, stop it or have a second one, start a `Cluster`.
 */
export function sharedControlPlane(): Promise<ControlPlane> {
  found ??= askForFacts(inject('controlPlane')).then((facts) => new ControlPlane(facts));
  return found;
}

function askForFacts(socketPath: string): Promise<ControlPlaneFacts> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path: '/' }, async (response) => {
      try {
        const parts: Buffer[] = [];
        for await (const part of response) parts.push(part);
        const text = Buffer.concat(parts).toString();
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(text));
      } catch (thrown) {
        reject(thrown);
      }
    });
    asking.once('error', reject);
    asking.end();
  });
}
