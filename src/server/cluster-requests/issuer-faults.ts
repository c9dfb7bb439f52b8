import type { LiveIssuers } from '#authority/issuers.ts';
import type { IssuerFault } from '#doors/kubernetes/issuer-objects.ts';
import type { IssuerSpec } from '#doors/kubernetes/issuer-spec.ts';
import type { LiveIssuer } from '#issuance/live-issuer.ts';

/** Why this server cannot do what an Issuer asks of it. `outageOf`: by the name of one of its own issuers. */
export function faultOf(
  { issuer: name, isCA }: IssuerSpec,
  live: LiveIssuers,
  outageOf: (name: string) => string | undefined,
): IssuerFault | undefined {
  const failed = (message: string): IssuerFault => ({ reason: 'Failed', message });
  const names = live.all().map((each) => each.name);
  if (name !== undefined && !names.includes(name))
    return failed(`spec.issuer: the server has no issuer "${name}"; right would be ${names.join(', ')}`);
  const issuer: LiveIssuer = live.get(name);
  const outage = outageOf(issuer.name);
  if (outage !== undefined) {
    const sentence = `issuer "${issuer.name}" of the server cannot sign at present: ${outage}`;
    return { reason: 'Pending', message: `${sentence}; requests wait, and are signed once it can` };
  }
  if (issuer.way === 'relay')
    return failed(`spec.issuer: "${issuer.name}" is relayed to another CA, and signs workload identities alone`);
  if (isCA && issuer.facts.pathLength === 0)
    return failed(`spec.isCA: the certificate of issuer "${issuer.name}" has path length 0, and so may sign no CAs`);
  return undefined;
}
