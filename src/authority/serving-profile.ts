/** Our own server, or a control plane that also calls others with its certificate. */
export type ServingProfile = 'serving-v1' | 'control-plane-v1';

export const servingPurposes = {
  'serving-v1': ['serverAuth'],
  'control-plane-v1': ['serverAuth', 'clientAuth'],
} as const satisfies Record<ServingProfile, readonly string[]>;

export interface ServingNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uris?: readonly string[];
}

/** Each name with its kind before it, as it stands in the record. */
export const sansOf = ({ uris = [], dnsNames, ipAddresses }: ServingNames) => [
  ...uris.map((uri) => `uri:${uri}`),
  ...dnsNames.map((name) => `dns:${name}`),
  ...ipAddresses.map((ip) => `ip:${ip}`),
];
