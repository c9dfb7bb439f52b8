/** OpenSSL's names of the suites of TLS 1.2, by those of the IANA registry, which Kubernetes uses. */
const suites: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
  TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
};

const suitesOfTls13: readonly string[] = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
];

/** OpenSSL's names of groups, by those of Go and their numbers in the IANA registry. */
const groups: Readonly<Record<string, string>> = {
  ...{ CurveP256: 'P-256', 'P-256': 'P-256', P256: 'P-256', 23: 'P-256' },
  ...{ CurveP384: 'P-384', 'P-384': 'P-384', P384: 'P-384', 24: 'P-384' },
  ...{ CurveP521: 'P-521', 'P-521': 'P-521', P521: 'P-521', 25: 'P-521' },
  ...{ X25519: 'X25519', 29: 'X25519' },
  ...{ 4587: 'SecP256r1MLKEM768', 4588: 'X25519MLKEM768', 4589: 'SecP384r1MLKEM1024' },
};

export interface TlsOffer {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Undefined: nobody chose any. */
  readonly cipherSuites: readonly string[] | undefined;
  readonly groups: readonly string[] | undefined;
}

/** Suites of TLS 1.3 alone leave nothing that TLS 1.2 could be spoken with. The words are known ones. */
export function tlsOffer(minVersion: string, suiteNames: readonly string[], groupNames: readonly string[]): TlsOffer {
  const older = unique(suiteNames.flatMap((name) => suites[name] ?? []));
  const third = minVersion === 'VersionTLS13' || (suiteNames.length > 0 && older.length === 0);
  const chosen = unique(groupNames.flatMap((name) => groups[name] ?? []));
  return {
    minVersion: third ? 'TLSv1.3' : 'TLSv1.2',
    cipherSuites: older.length === 0 ? undefined : older,
    groups: chosen.length === 0 ? undefined : chosen,
  };
}

export const isSuite = (name: string) => Object.hasOwn(suites, name) || suitesOfTls13.includes(name);
export const isGroup = (name: string) => Object.hasOwn(groups, name);
export const suiteNames: readonly string[] = [...Object.keys(suites), ...suitesOfTls13];
export const groupNames: readonly string[] = Object.keys(groups);

const unique = (names: readonly string[]) => [...new Set(names)];
