import { flag, value } from '../command/options.ts';

export const issueOptions = {
  address: value('HOST:PORT', "the CA's Istio door (default: CA_ADDR, else the home's env file)"),
  'ca-root': value('FILE', "PEM roots that the CA's own certificate must lead to (default: CA_ROOT_CA, else the home)"),
  'token-file': value('FILE', 'bearer token to show (default: TOKEN_FILE, else the home)'),
  'client-cert': value('FILE', 'PEM chain to show as TLS client, to renew an SVID'),
  'client-key': value('FILE', 'PEM key of --client-cert'),
  identity: value('SPIFFE_ID', 'the name in the CSR (default: SPIFFE_ID, else the home)'),
  'key-type': value('TYPE', 'ec:P-256, ec:P-384, ec:P-521, ed25519 or rsa:BITS (default: ec:P-256)'),
  ttl: value('DURATION', 'lifetime to ask for: 90s, 15m, 24h, 7d (default: what the policy gives)'),
  timeout: value('DURATION', 'how long to wait for the answer (default: 20s)'),
  out: value('DIR', 'write key.pem, cert-chain.pem and root-cert.pem there', { short: 'o' }),
  proof: flag("ask for the log's proof too, and write it to cert-chain.tlog-proof beside them"),
  json: flag('one JSON object: {"outcome": "issued" | "refused" | "unavailable" | "failed", ...}'),
} as const;
