import { describe, expect, it } from 'vitest';
import { AgentCall } from '#test/support/agent.ts';
import { countEnds } from '#test/support/records.ts';
import { p256Request } from '#test/support/requests.ts';
import { HeldKeys } from './held-keys.ts';
import { type Dialect, dialects, Mesh } from './mesh.ts';

function withHeld(
  held: HeldKeys,
  limits: Readonly<Record<string, unknown>>,
  dialect: Dialect = 'istiod',
): Promise<Mesh> {
  const istio = { listen: '127.0.0.1:0', serving: { dnsNames: ['localhost'] }, dialect, limits };
  return Mesh.start({ config: { istio, authenticators: held.authenticators() } });
}

describe.each(dialects)('while a back end hangs, in the dialect of %s', (dialect) => {
  it('Istio 9, 12, 87, 88: who needs it hears Unavailable within the bound, all others on the connection are served', async () => {
    await using held = await HeldKeys.start();
    await using mesh = await withHeld(held, { callTimeout: '2s' }, dialect);
    const from = mesh.newAddress();
    using agent = await mesh.connect(from);
    let waiting = 2;
    const hung = [1, 2].map(async () => {
      const answer = await agent.call({ csr: p256Request().csr, token: held.token('web') });
      waiting--;
      return answer;
    });
    const half = agent.stream(mesh.token());
    half.write(Buffer.from('00000000', 'hex'));
    const never = new AgentCall(half).answer;

    const theirs = agent.call({
      csr: p256Request().csr,
      token: held.token('web'),
      headers: { 'grpc-timeout': '50m' },
    });

    // pings far closer than the ten seconds of the contract: a server that counts them would go away
    for (let n = 0; n < 30; n++) await agent.ping();
    for (let n = 0; n < 10; n++) {
      expect(await agent.call({ csr: p256Request().csr, token: mesh.token() })).toMatchObject({ code: 0 });
    }
    expect(waiting).toBe(2);
    // a deadline of the caller's own, shorter than ours, is no fault of ours
    expect(await theirs).toMatchObject({ code: 4, message: "the caller's own deadline has passed" });
    const late = { code: 14, message: 'the request took too long here, try again', chain: [] };
    expect(await Promise.all([...hung, never])).toEqual([late, late, late]);
    await agent.ping();
    expect({ open: agent.open, toldToGo: agent.toldToGo }).toEqual({ open: true, toldToGo: false });
    expect(await agent.call({ csr: p256Request().csr, token: mesh.token() })).toMatchObject({ code: 0 });

    held.release();
    await mesh.server.stop();
    expect(countEnds(mesh.all())).toEqual({ 'certificate.issued': 11, 'certificate.failed deadline': 4 });
  });
});

describe('a client that goes away', () => {
  it('Istio 90: frees its work at once, by a reset and by a lost connection, each on the record once', async () => {
    await using held = await HeldKeys.start();
    await using mesh = await withHeld(held, { maxConcurrentCalls: 4 });
    const [resetting, leaving, patient] = [await mesh.connect(), await mesh.connect(), await mesh.connect()];
    const hang = { csr: p256Request().csr, token: held.token('web') };
    const good = { csr: p256Request().csr, token: mesh.token() };
    const calls = [resetting, resetting, leaving, leaving].map((agent) => agent.begin(hang));
    await Promise.all([resetting.ping(), leaving.ping()]);
    let busy = 0;
    let issued = 0;
    const ask = async (): Promise<boolean> => {
      const { code } = await patient.call(good);
      if (code === 8) busy++;
      else if (code === 0) issued++;
      else throw new Error(`status ${code}`);
      return code === 0;
    };
    /** As soon as the server has heard what happened before; it hears nothing else that could free a place. */
    const served = async () => {
      for (let n = 0; n < 200; n++) if (await ask()) return true;
      return false;
    };

    expect(await ask()).toBe(false);
    for (const call of calls.slice(0, 2)) call.cancel();
    expect(await served()).toBe(true);
    const again = [resetting.begin(hang), resetting.begin(hang)];
    await resetting.ping();
    expect(await ask()).toBe(false);
    leaving.destroy();
    expect(await served()).toBe(true);

    held.release();
    for (const { answer } of again) expect(await answer).toMatchObject({ code: 0 });
    for (const agent of [resetting, patient]) agent[Symbol.dispose]();
    await mesh.server.stop();
    expect(countEnds(mesh.all())).toEqual({
      'certificate.issued': issued + 2,
      'certificate.failed overload': busy,
      'certificate.failed cancelled': 4,
    });
    const whose = mesh.all().filter(({ reason }) => reason === 'overload' || reason === 'cancelled');
    expect(new Set(whose.map(({ type, outcome }) => `${type} ${outcome}`))).toEqual(
      new Set(['certificate.failed failed']),
    );
  });
});

describe('streams that never become requests', () => {
  it('take no more than their part: the next is ResourceExhausted at once, and each is on the record once', async () => {
    await using held = await HeldKeys.start();
    await using mesh = await withHeld(held, { maxConcurrentCalls: 4, callTimeout: '2s' });
    const [greedy, other] = [await mesh.connect(), await mesh.connect()];
    const half = Array.from({ length: 16 }, () => {
      const stream = greedy.stream(mesh.token());
      stream.write(Buffer.from('00', 'hex'));
      return new AgentCall(stream);
    });
    await greedy.ping();
    const good = { csr: p256Request().csr, token: mesh.token() };
    expect(await other.call(good)).toEqual({ code: 8, message: 'too many open calls, try again', chain: [] });
    for (const { answer } of half) expect(await answer).toMatchObject({ code: 14 });
    for (const agent of [greedy, other]) agent[Symbol.dispose]();
    await mesh.server.stop();
    expect(countEnds(mesh.all())).toEqual({ 'certificate.failed overload': 1, 'certificate.failed deadline': 16 });
  });
});
