import { doorNames } from '#policy/permit.ts';
import { flag, many, value } from '../command/options.ts';

export const explainOptions = {
  as: value('SPIFFE_ID', 'the caller, as if it had proved to be this'),
  policies: many('FILE', 'policy files or folders (default: the policies of the home)'),
  door: value('DOOR', 'the door it came by (default: istio)', {
    choices: [...doorNames],
  }),
  dialect: value('DIALECT', 'whose rules on names and lifetimes the door follows (default: istiod)', {
    choices: ['istiod', 'istio-csr'],
  }),
  authenticator: value('NAME', 'how the caller proved it (default: k8s-token)', {
    choices: ['client-cert', 'oidc', 'k8s-token', 'xfcc', 'kubernetes-object'],
  }),
  cluster: value('NAME', "the caller's cluster"),
  ttl: value('DURATION', 'lifetime asked for: 90s, 15m, 24h (default: none)'),
  'trust-domain': value('DOMAIN', "the CA's own trust domain (default: the caller's)"),
  issuer: value('NAME', 'the issuer that would sign (default: default)'),
  json: flag('one JSON object: {"decision", "steps": [...]}'),
} as const;
