import { describe } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { type Dialect, dialects } from './mesh.ts';
import type { Proof } from './proofs.ts';

export interface Way {
  readonly dialect: Dialect;
  readonly proof: Proof;
}

/** `body` once in each dialect with each kind of proof; those of Kubernetes where a control plane is at hand. */
export function describeEveryWay(title: string, body: (way: Way) => void): void {
  for (const dialect of dialects) {
    describe(`${title} in the dialect of ${dialect}`, () => body({ dialect, proof: 'jwt' }));
    for (const proof of ['review', 'local'] as const) {
      const told = `${title} in the dialect of ${dialect}, with Kubernetes tokens proven in mode ${proof}`;
      describeWith(['control-plane'], told, () => body({ dialect, proof }));
    }
  }
}
