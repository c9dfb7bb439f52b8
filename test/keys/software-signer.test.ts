import { SoftwareSigner } from '#keys/software/signer.ts';
import type { KeyKind } from '#x509/algorithms.ts';
import { signerSuite } from './signer.suite.ts';

const kinds: readonly KeyKind[] = ['ec:P-256', 'ec:P-384', 'ec:P-521', 'rsa:2048', 'rsa:3072', 'ed25519', 'ml-dsa-65'];
signerSuite('software', kinds, (kind) => SoftwareSigner.generate(kind));
