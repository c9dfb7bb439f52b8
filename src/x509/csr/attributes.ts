import { Refusal } from '#refusal/refusal.ts';
import type { CertificateKind } from '../certificate-kind.ts';
import { oidBytes, oidText } from '../der/oid.ts';
import { type DerReader, sameBytes } from '../der/reader.ts';
import { isStringTag } from '../der/strings.ts';
import { type ExtensionFacts, noExtensions, readExtensions } from './extensions.ts';

const extensionRequest = oidBytes('1.2.840.113549.1.9.14');
const challengePassword = oidBytes('1.2.840.113549.1.9.7');
const microsoftExtensions = oidBytes('1.3.6.1.4.1.311.2.1.14');
const mostAttributes = 4;

export interface AttributeFacts {
  readonly extensions: ExtensionFacts;
  /** Whether there is one; its value is a secret and is not kept. */
  readonly challengePassword: boolean;
  /** Types (dotted) of attributes that mean nothing to us. */
  readonly unknownAttributes: readonly string[];
}

/** `[0] IMPLICIT SET OF Attribute` (RFC 2986 §4.1). Throws Refusal `csr.attribute`, or what an extension deserves. */
export function readAttributes(attributes: DerReader, kind: CertificateKind): AttributeFacts {
  let extensions: ExtensionFacts | undefined;
  let password = false;
  const types: Uint8Array[] = [];
  const unknown: string[] = [];
  let previous: Uint8Array | undefined;
  while (attributes.more) {
    const at = attributes.position;
    const attribute = attributes.sequence();
    const type = attribute.oid();
    const values = attribute.set();
    attribute.finish();
    previous = checkOrder(previous, attributes, at);
    noteType(types, type);
    if (!values.more) refuse(`attribute ${oidText(type)} has no value`);
    if (sameBytes(type, extensionRequest)) extensions = readExtensionRequest(values, kind);
    else if (sameBytes(type, challengePassword)) password = readChallengePassword(values);
    else unknown.push(oidText(type));
  }
  if (extensions !== undefined && types.some((type) => sameBytes(type, microsoftExtensions))) {
    refuse("extensions are asked for twice, once in Microsoft's attribute");
  }
  return { extensions: extensions ?? noExtensions, challengePassword: password, unknownAttributes: unknown };
}

/** IMPLICIT tagging hides the SET from the check of the whole, so its order (X.690 §11.6) is checked here. */
function checkOrder(previous: Uint8Array | undefined, attributes: DerReader, at: number): Uint8Array {
  const encoded = attributes.bytes.subarray(at, attributes.position);
  if (previous !== undefined && Buffer.compare(previous, encoded) > 0) attributes.fail('attributes not sorted', at);
  return encoded;
}

function noteType(types: Uint8Array[], type: Uint8Array): void {
  if (types.some((seen) => sameBytes(seen, type))) refuse(`attribute ${oidText(type)} appears twice`);
  types.push(type);
  if (types.length > mostAttributes) refuse(`more than ${mostAttributes} attributes`);
}

function readExtensionRequest(values: DerReader, kind: CertificateKind): ExtensionFacts {
  const list = values.sequence();
  if (values.more) refuse('extensionRequest has more than one value');
  return readExtensions(list, kind);
}

/** RFC 2985 §5.4.1: one DirectoryString. */
function readChallengePassword(values: DerReader): true {
  if (!isStringTag(values.skip()) || values.more) refuse('challengePassword is not one string');
  return true;
}

function refuse(what: string): never {
  throw new Refusal('csr.attribute', what);
}
