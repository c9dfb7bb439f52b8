/**
 * Writes valid.txt and invalid.txt beside this file: `node test/x509/csr/generate.ts`. Keys are fresh each time and are
 * thrown away, so nothing secret stays.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { invalidAttributes, invalidExtensions, invalidSans, invalidSubjects } from './invalid-content.ts';
import { invalidDer, invalidRequests } from './invalid-encoding.ts';
import { invalidKeys } from './invalid-keys.ts';
import { invalidPem } from './invalid-pem.ts';
import { validRequests } from './valid-requests.ts';

/** One request that must be refused. `row` is `class.item` of the hostile list (contract policy-and-profile §4). */
export interface Invalid {
  readonly row: string;
  readonly code: string;
  readonly name: string;
  readonly input: Uint8Array | string;
}

const data = (input: Uint8Array | string) =>
  typeof input === 'string' ? `pem\t${JSON.stringify(input)}` : `der\t${Buffer.from(input).toString('base64')}`;

const invalid = [
  ...invalidPem(),
  ...invalidDer(),
  ...invalidRequests(),
  ...invalidAttributes(),
  ...invalidExtensions(),
  ...invalidSans(),
  ...invalidSubjects(),
  ...invalidKeys(),
];

const file = (name: string) => join(import.meta.dirname, name);
writeFileSync(
  file('invalid.txt'),
  `${[
    '# row\tcode\tname\tform\tinput',
    ...invalid.map((each) => [each.row, each.code, each.name, data(each.input)].join('\t')),
  ].join('\n')}\n`,
);
writeFileSync(
  file('valid.txt'),
  `${[
    '# name\tfacts\tform\tinput',
    ...validRequests().map((each) => [each.name, JSON.stringify(each.facts), data(each.input)].join('\t')),
  ].join('\n')}\n`,
);
console.log(`${invalid.length} invalid, ${validRequests().length} valid`);
