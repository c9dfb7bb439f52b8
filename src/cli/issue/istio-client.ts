import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { fileURLToPath } from 'node:url';
import {
  Client,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceError,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const serviceName = 'istio.v1.auth.IstioCertificateService';
const protoFile = fileURLToPath(new URL('../../../proto/istio/v1/auth/ca.proto', import.meta.url));

export interface Call {
  /** HOST:PORT. */
  readonly address: string;
  /** PEM roots for the server's certificate. */
  readonly roots: Buffer;
  readonly clientCertificate?: { readonly chain: Buffer; readonly key: Buffer };
  readonly token?: string;
  /** PEM. */
  readonly csr: string;
  /** Seconds; 0 leaves it to the server. */
  readonly ttl: number;
  readonly timeoutMs: number;
  /** Ask for the log's proof as well. */
  readonly wantsProof?: boolean;
}

/** What came back: the `cert_chain` elements as they are, or a gRPC status. */
export type Answer =
  | {
      readonly ok: true;
      readonly chain: readonly string[];
      /** A `.tlog-proof`, unread; absent where it was not asked for, or not given. */
      readonly proof?: string;
    }
  | { readonly ok: false; readonly status: string; readonly message: string };

/** One CreateCertificate call on a connection of its own. Rejects with Error when the answer is not of the protocol. */
export async function createCertificate(call: Call): Promise<Answer> {
  const client = connect(call);
  try {
    return await unary(client, call);
  } finally {
    client.close();
  }
}

/** Stands in for a name where the address is an IP: TLS sends no SNI for one (RFC 6066 §3), and Node refuses to. */
const noName = 'ip-address.invalid';

function connect({ address, roots, clientCertificate: own }: Call): Client {
  const host = address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) === 0) return new Client(address, credentials.createSsl(roots, own?.key ?? null, own?.chain ?? null));
  const byAddress = credentials.createSsl(roots, own?.key ?? null, own?.chain ?? null, {
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
  });
  return new Client(address, byAddress, { 'grpc.ssl_target_name_override': noName });
}

function unary(client: Client, call: Call): Promise<Answer> {
  const { path, requestSerialize, responseDeserialize } = createCertificateMethod();
  const metadata = new Metadata();
  if (call.token !== undefined) metadata.set('authorization', `Bearer ${call.token}`);
  if (call.wantsProof === true) metadata.set('countersign-proof', 'trailer');
  const request = { csr: call.csr, validityDuration: call.ttl };
  const deadline = Date.now() + call.timeoutMs;
  return new Promise((resolve, reject) => {
    let chain: readonly string[] | undefined;
    const calling = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      { deadline },
      (error, response) => {
        if (error !== null) return resolve(notOk(error));
        chain = certChain(response);
        if (chain === undefined) reject(new Error('the answer holds no certificate chain'));
      },
    );
    // The trailers come with the status, right after the answer.
    calling.on('status', (ended: StatusObject) => {
      if (chain !== undefined) resolve({ ok: true, chain, ...proofIn(ended.metadata) });
    });
  });
}

function proofIn(trailers: Metadata): { readonly proof?: string } {
  const [proof] = trailers.get('countersign-tlog-proof-bin');
  return proof === undefined ? {} : { proof: proof.toString() };
}

function notOk(error: ServiceError): Answer {
  return { ok: false, status: status[error.code] ?? String(error.code), message: error.details };
}

function createCertificateMethod(): MethodDefinition<object, object> {
  const service = loadSync(protoFile)[serviceName];
  const method = service === undefined || 'format' in service ? undefined : service.CreateCertificate;
  if (method === undefined) throw new Error(`${protoFile} has no ${serviceName}/CreateCertificate`);
  return method;
}

function certChain(response: unknown): readonly string[] | undefined {
  if (typeof response !== 'object' || response === null || !('certChain' in response)) return undefined;
  const { certChain } = response;
  if (!Array.isArray(certChain) || certChain.length < 2) return undefined;
  return certChain.every((element) => typeof element === 'string') ? certChain : undefined;
}
