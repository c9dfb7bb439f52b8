import { AltName, type Attribute, CertificationRequest, Extensions } from 'pkijs';
import { readExtension } from './extensions.ts';
import { spkiFacts } from './key.ts';
import { generalNameText, nameText } from './names.ts';
import type { Shown } from './show.ts';
import { signatureName } from './signature-name.ts';

const extensionRequest = '1.2.840.113549.1.9.14';
const attributeNames: Readonly<Record<string, string>> = {
  [extensionRequest]: 'extensionRequest',
  '1.2.840.113549.1.9.7': 'challengePassword',
  '1.2.840.113549.1.9.2': 'unstructuredName',
};

/** Throws Error for octets that are no PKCS#10 request. Attribute values other than extensions are not shown: one is a password. */
export function readRequest(der: Buffer): Shown {
  const request = CertificationRequest.fromBER(der);
  const requested = (request.attributes ?? []).flatMap(extensionsOf);
  const data = {
    subject: nameText(request.subject),
    names: requested.flatMap((extension) => {
      const value: unknown = extension.parsedValue;
      return extension.extnID === '2.5.29.17' && value instanceof AltName ? value.altNames.map(generalNameText) : [];
    }),
    key: spkiFacts(Buffer.from(request.subjectPublicKeyInfo.toSchema().toBER())),
    signatureAlgorithm: signatureName(request.signatureAlgorithm.algorithmId),
    attributes: (request.attributes ?? []).map(({ type }) => attributeNames[type] ?? type),
    extensions: requested.map(readExtension),
  };
  return {
    kind: 'request',
    title: 'Certificate request (PKCS#10)',
    facts: [
      ['subject', data.subject || '(empty)'],
      ['names', data.names],
      ['key', data.key.kind],
      ['signature', data.signatureAlgorithm],
      ['attributes', data.attributes.join(', ') || 'none'],
      [
        'extensions',
        data.extensions.map(({ name, critical, value }) => `${name}${critical ? ' (critical)' : ''}: ${value}`),
      ],
      ['spki sha256', data.key.spkiSha256],
    ],
    notes: [],
    data,
  };
}

function extensionsOf({ type, values }: Attribute) {
  return type === extensionRequest ? values.flatMap((schema) => new Extensions({ schema }).extensions) : [];
}
