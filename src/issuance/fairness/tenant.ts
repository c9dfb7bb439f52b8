import type { LimitName } from './limits.ts';
import type { Ration } from './ration.ts';

/**
 * One whom a limit is about: a cluster, a namespace of it, a service account of that; or a node. Numbers only, changed
 * in place: this is the hot path.
 */
export class Tenant {
  readonly name: string;
  readonly level: Exclude<LimitName, 'in-work'>;
  /** Undefined for nodes, and for what stands above all clusters. */
  readonly above: Tenant | undefined;
  /** When its bucket is full again, ms of the gate's time. */
  fullAt = 0;
  /** Certificates in the making for it. */
  held = 0;
  /** Tenants right below it that hold any. */
  active = 0;
  /** Tenants right below it that are known. */
  listed = 0;
  /** There while its bucket has been empty and is not full again. */
  ration: Ration | undefined;

  constructor(name: string, level: Tenant['level'], above: Tenant | undefined) {
    this.name = name;
    this.level = level;
    this.above = above;
  }

  /** Nothing would be forgotten with it. */
  isIdle(now: number): boolean {
    return this.held === 0 && this.fullAt <= now;
  }
}
