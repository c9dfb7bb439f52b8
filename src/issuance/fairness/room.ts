import type { Tenant } from './tenant.ts';

/**
 * Max-min fairness over what is being made at this moment. While there is room anybody may use it. When there is none,
 * a cluster below its share (all of it, divided by the clusters that hold any) may still begin one more, so may a
 * namespace below its share of its cluster's share, and a service account below its share of its namespace's. Nobody
 * below its share is thus ever refused because of others, who are over theirs until their work ends.
 *
 * For that, more than `capacity` may be in hand for a while: n tenants that begin one after another while nobody ends
 * hold capacity × (1 + 1/2 + … + 1/n) at most, on each level. The doors' workplaces are the hard end.
 */
export function hasRoom(tenant: Tenant, all: Tenant, capacity: number): boolean {
  return all.held < capacity || shareOf(tenant, capacity) === granted;
}

const granted = -1;

/** The share of `tenant`, or `granted` as soon as it, or one above it, is below its own. */
function shareOf(tenant: Tenant, capacity: number): number {
  if (tenant.above === undefined) return capacity;
  // nothing is below any share
  if (tenant.held === 0) return granted;
  const shareAbove = shareOf(tenant.above, capacity);
  if (shareAbove === granted) return granted;
  const share = shareAbove / tenant.above.active;
  return tenant.held < share ? granted : share;
}

export function hold(tenant: Tenant): void {
  for (let at: Tenant | undefined = tenant; at !== undefined; at = at.above) {
    if (at.held++ === 0 && at.above !== undefined) at.above.active++;
  }
}

export function letGo(tenant: Tenant): void {
  for (let at: Tenant | undefined = tenant; at !== undefined; at = at.above) {
    if (--at.held === 0 && at.above !== undefined) at.above.active--;
  }
}
