import { join } from 'node:path';
import { loadSync } from '@grpc/proto-loader';
import { repository } from '#test/oracles.ts';

const definitions = loadSync('istio/v1/auth/ca.proto', {
  includeDirs: [join(repository, 'proto')],
  longs: String,
  keepCase: true,
});

interface Method {
  readonly path: string;
  requestSerialize(value: object): Buffer;
  requestDeserialize(bytes: Buffer): object;
  responseSerialize(value: object): Buffer;
  responseDeserialize(bytes: Buffer): object;
}

function method(): Method {
  const service: unknown = definitions['istio.v1.auth.IstioCertificateService'];
  if (typeof service !== 'object' || service === null || !('CreateCertificate' in service))
    throw new Error('no method');
  return service.CreateCertificate as Method;
}

/** protobufjs's opinion of the messages, from proto/ and not from our reader. */
export const judge = method();

export type Value =
  | { readonly stringValue: string }
  | { readonly numberValue: number }
  | { readonly boolValue: boolean }
  | { readonly nullValue: 'NULL_VALUE' }
  | { readonly listValue: { readonly values: readonly Value[] } };

export interface RequestFields {
  readonly csr?: string;
  readonly validity_duration?: string;
  readonly metadata?: { readonly fields: Readonly<Record<string, Value>> };
}

export function encodeRequest(fields: RequestFields): Buffer {
  return judge.requestSerialize(fields);
}

export function decodeChain(body: Buffer): readonly string[] {
  const response = judge.responseDeserialize(body);
  return 'cert_chain' in response && Array.isArray(response.cert_chain) ? response.cert_chain.map(String) : [];
}
