import { afterAll, beforeAll, expect, it } from 'vitest';
import { frame } from '#doors/istio/framing.ts';
import { encodeRequest } from '#test/doors/istio/codec.ts';
import { deny, policyText } from '#test/policy/sidecar.ts';
import { type Agent, AgentCall, type Answer, type Ask } from '#test/support/agent.ts';
import { repository } from '#test/support/home.ts';
import { countEnds, recordsOf } from '#test/support/records.ts';
import { newRequest, p256Request } from '#test/support/requests.ts';
import { invalidCases } from '#test/x509/csr/tables.ts';
import { unreadable } from './csrs.ts';
import { type Dialect, Mesh } from './mesh.ts';
import { describeEveryWay } from './ways.ts';

const policies = [`${repository}policies/istio.yaml`, 'banned.yaml'];
/** What must be escaped on the way to the caller: a per cent sign, what looks like an escape, letters beyond ASCII. */
const sentence = 'größer als 100 % %41: ask the platform team \u{1f511}';
const banned = deny({ priority: 900, match: { namespaces: ['banned'] }, message: sentence });

type Kind = 'unproven' | 'csr' | 'policy' | 'malformed' | 'encoding' | 'too-large';

interface Row {
  readonly title: string;
  readonly reason: string;
  readonly kind: Kind;
  readonly ask: (mesh: Mesh) => Ask | Promise<Ask>;
}

/** What the contract has each dialect say (§3.2, and Istio 27, 64); `said` is the sentence on the record. */
const answers: Readonly<Record<Dialect, (kind: Kind, said: string, id: string) => [code: number, message: string]>> = {
  istiod: (kind, said, id) => {
    if (kind === 'csr') return [3, `CSR signing error (${said})`];
    if (kind === 'policy') return [7, `${said} (request ${id})`];
    return eitherWay(kind, said);
  },
  'istio-csr': (kind, said) => eitherWay(kind === 'csr' || kind === 'policy' ? 'unproven' : kind, said),
};

function eitherWay(kind: Kind, said: string): [code: number, message: string] {
  if (kind === 'malformed') return [3, said];
  if (kind === 'encoding') return [12, said];
  if (kind === 'too-large') return [8, said];
  return [16, 'request authenticate failure'];
}

const message = frame(encodeRequest({ csr: p256Request().csr }));
const compressed = Buffer.from(message);
compressed[0] = 1;
const overLong = Buffer.concat([Buffer.from('0000020000', 'hex'), Buffer.alloc(0x20000)]);
const withToken = (fields: Ask) => (mesh: Mesh) => ({ token: mesh.token(), ...fields });

const rows: readonly Row[] = [
  { title: 'Istio 27: no proof', reason: 'authn.failed', kind: 'unproven', ask: () => ({ csr: p256Request().csr }) },
  {
    title: 'Istio 36: a token that is not one',
    reason: 'authn.failed',
    kind: 'unproven',
    ask: () => ({ csr: p256Request().csr, token: 'hunter2' }),
  },
  ...unreadable.map(
    ({ what, csr, reason }): Row => ({
      title: `Istio 64: ${what}`,
      reason,
      kind: 'csr',
      ask: (mesh) => ({ csr: csr(mesh.home), token: mesh.newToken() }),
    }),
  ),
  {
    title: 'Istio 63: RSA-1024',
    reason: 'key.not-allowed',
    kind: 'csr',
    ask: async (mesh) => ({ csr: (await newRequest('rsa:1024')).csr, token: mesh.newToken() }),
  },
  {
    title: 'a signer that is not here',
    reason: 'issuer.unknown',
    kind: 'csr',
    ask: (mesh) => ({
      csr: p256Request().csr,
      token: mesh.token(),
      metadata: { fields: { CertSigner: { stringValue: 'other' } } },
    }),
  },
  {
    title: 'a namespace that a policy denies',
    reason: 'policy.denied',
    kind: 'policy',
    ask: (mesh) => ({
      csr: p256Request('spiffe://cluster.local/ns/banned/sa/web').csr,
      token: mesh.token('web', {}, 'banned'),
    }),
  },
  {
    title: 'a message that is no protobuf',
    reason: 'request.malformed',
    kind: 'malformed',
    ask: withToken({ raw: Buffer.from('0aff', 'hex') }),
  },
];

/** Bodies that are no request at all: what a stream carries, as it is. */
const bodies = [
  { title: 'no message', body: Buffer.alloc(0), reason: 'request.malformed', kind: 'malformed' },
  { title: 'two messages', body: Buffer.concat([message, message]), reason: 'request.malformed', kind: 'malformed' },
  { title: 'half a message', body: message.subarray(0, 40), reason: 'request.malformed', kind: 'malformed' },
  { title: 'half a header', body: message.subarray(0, 3), reason: 'request.malformed', kind: 'malformed' },
  { title: 'a compressed message', body: compressed, reason: 'request.encoding', kind: 'encoding' },
  { title: 'Istio 6: a message over the maximum', body: overLong, reason: 'request.too-large', kind: 'too-large' },
] as const;

function send(agent: Agent, token: string, body: Uint8Array): Promise<Answer> {
  const stream = agent.stream(token);
  stream.end(body);
  return new AgentCall(stream).answer;
}

describeEveryWay('a refusal', ({ dialect, proof }) => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await Mesh.start(
      { dialect, proof, crowd: true, policies, config: { csr: { newRequestLabel: 'refuse' } } },
      (home) => home.write('banned.yaml', policyText({ name: 'banned', spec: banned })),
    );
  });
  afterAll(() => mesh[Symbol.asyncDispose]());

  function expectOneEnd(answer: Answer, from: string, row: Pick<Row, 'reason' | 'kind'>): void {
    const ends = mesh.ends(from);
    expect(ends).toMatchObject([{ reason: row.reason, type: 'certificate.denied', outcome: 'denied', door: 'istio' }]);
    const [end] = ends;
    expect(end?.message).not.toBe('');
    expect([answer.code, answer.message]).toEqual(answers[dialect](row.kind, end?.message ?? '', end?.requestId ?? ''));
    expect(answer.chain).toEqual([]);
  }

  it.each(rows)('A-2, $title: told as the contract has it, on the record once: $reason', async (row) => {
    const { answer, from } = await mesh.ask(await row.ask(mesh));
    expectOneEnd(answer, from, row);
  });

  it.each(bodies)('A-2, $title: told as the contract has it, on the record once: $reason', async (row) => {
    const from = mesh.newAddress();
    using agent = await mesh.connect(from);
    const answer = await send(agent, mesh.token(), row.body);
    expectOneEnd(answer, from, row);
    expect((await agent.call({ csr: p256Request().csr, token: mesh.token() })).code).toBe(0);
  });

  it("a policy's own sentence arrives as it was written, in the dialect that tells it", async () => {
    const { answer, from } = await mesh.ask({
      csr: p256Request('spiffe://cluster.local/ns/banned/sa/other').csr,
      token: mesh.token('other', {}, 'banned'),
    });
    const [end] = mesh.ends(from);
    expect(end?.message).toBe(sentence);
    const told = `${sentence} (request ${end?.requestId})`;
    expect(answer.message).toBe(dialect === 'istiod' ? told : 'request authenticate failure');
  });

  it('Istio 5: what is no request for a certificate is none on the record either', async () => {
    const from = mesh.newAddress();
    using agent = await mesh.connect(from);
    const call = agent.stream(undefined, { ':path': '/istio.v1.auth.IstioCertificateService/Other' });
    call.end(message);
    expect((await new AgentCall(call).answer).code).toBe(12);
    expect((await agent.call({ csr: p256Request().csr, token: mesh.token() })).code).toBe(0);
    expect(mesh.ends(from)).toMatchObject([{ type: 'certificate.issued' }]);
  });

  it('Istio 64: of every hostile request none is Internal, and each is told and recorded by its own reason', async () => {
    const from = mesh.newAddress();
    using agent = await mesh.connect(from);
    const asked = invalidCases.map(({ pem }) => agent.call({ csr: pem, token: mesh.newToken() }));
    const codes = (await Promise.all(asked)).map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set([dialect === 'istiod' ? 3 : 16]));
    const reasons = mesh.ends(from).map(({ reason }) => String(reason));
    expect(reasons.toSorted()).toEqual(invalidCases.map(({ code }) => code).toSorted());
  });

  it('Istio 36: forty that are alike are one whole record and a count, and no token is in log or record', async () => {
    const from = mesh.newAddress();
    const forged = mesh.token('web', { iss: 'https://elsewhere' });
    using agent = await mesh.connect(from);
    const all = Array.from({ length: 40 }, () => agent.call({ csr: p256Request().csr, token: forged }));
    expect(new Set((await Promise.all(all)).map(({ code }) => code))).toEqual(new Set([16]));
    await mesh.server.stop();
    const records = recordsOf(mesh.home);
    const own = mesh.ends(from);
    expect(own).toMatchObject([{ reason: 'authn.failed' }, { reason: 'authn.failed', count: 39 }]);
    expect(own[0]?.message).toMatch(proof === 'review' ? /the API server says/ : /iss/);
    expect(countEnds(own)).toEqual({ 'certificate.denied authn.failed': 40 });
    const written = JSON.stringify(records) + mesh.server.stderr;
    expect(written).not.toContain('hunter2');
    for (const part of forged.split('.')) expect(written).not.toContain(part);
  });
});
