/** Names of the key types that we make ourselves. */
export const ownKeyTypes = ['ec:P-256', 'ec:P-384', 'rsa:2048', 'rsa:3072', 'rsa:4096'] as const;
export type OwnKeyType = (typeof ownKeyTypes)[number];
