import { fieldsOf } from './protobuf-fields.ts';
import { isObject, objectIn } from './verdict.ts';

/** What a receiver says of a request that it has taken. */
export interface Taken {
  /** Log records that it did not take; it does not say which. */
  readonly rejected: number;
  readonly message: string;
}

/** An ExportLogsServiceResponse in JSON, or nothing at all. Undefined for anything else. */
export function takenInJson(octets: Uint8Array): Taken | undefined {
  const text = Buffer.from(octets).toString();
  const answer = text.trim() === '' ? {} : objectIn(text);
  if (answer === undefined) return undefined;
  const partial = isObject(answer.partialSuccess) ? answer.partialSuccess : {};
  return { rejected: Number(partial.rejectedLogRecords ?? 0), message: String(partial.errorMessage ?? '') };
}

/** The same in protocol buffers. */
export function takenInProtobuf(octets: Uint8Array): Taken | undefined {
  const answer = fieldsOf(octets);
  const fields = answer && fieldsOf(octetsOr(answer.get(1)));
  if (fields === undefined) return undefined;
  const rejected = fields.get(1);
  return {
    rejected: typeof rejected === 'bigint' ? Number(BigInt.asIntN(64, rejected)) : 0,
    message: Buffer.from(octetsOr(fields.get(2))).toString(),
  };
}

const octetsOr = (value: bigint | Uint8Array | undefined) => (value instanceof Uint8Array ? value : new Uint8Array());
