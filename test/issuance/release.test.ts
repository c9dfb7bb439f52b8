import { describe, expect, it } from 'vitest';
import { makeMesh, openDoor } from '#test/doors/istio/fixture.ts';
import { Agent } from '#test/support/agent.ts';
import { readPem } from '#x509/pem.ts';
import { codeOf, csr, type Ended, Rig } from './rig.ts';

/** Runs what is ready, and what that makes ready, until nothing moves: signatures are long done by then. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
}

describe('the release of a certificate', () => {
  it('A-25: waits for the commit of its record, however long that takes', async () => {
    const rig = Rig.of();
    const commit = rig.log.hold();
    const ends: Ended[] = [];
    const asked = Array.from({ length: 5 }, async () => void ends.push(await rig.ask()));
    await rig.log.asked(5);
    await settle();
    expect(ends).toEqual([]);
    expect(rig.outcomes).toEqual([]);
    expect(rig.log.size).toBe(0);
    commit();
    await Promise.all(asked);
    expect(ends.map(codeOf)).toEqual(Array(5).fill('issued'));
    const indexes = ends.map((end) => ('issued' in end ? end.issued.facts.leafIndex : -1));
    expect(indexes.toSorted()).toEqual([0, 1, 2, 3, 4]);
    for (const end of ends) {
      if (!('issued' in end)) continue;
      const { leafIndex, serial } = end.issued.facts;
      expect(rig.log.records[leafIndex]).toMatchObject({ seq: leafIndex, certificate: { serial } });
    }
  });

  it('A-25: a refusal waits for its record too', async () => {
    const rig = Rig.of();
    const commit = rig.log.hold();
    let end: Ended | undefined;
    const asked = rig.ask(rig.request({ csr: 'rubbish' })).then((it) => {
      end = it;
    });
    await rig.log.asked(1);
    await settle();
    expect(end).toBeUndefined();
    commit();
    await asked;
    expect(rig.ends).toEqual(['certificate.denied csr.pem']);
  });
});

describe('the socket behind a door', () => {
  it('A-25: carries no octet of a certificate before the commit of its record returned', async () => {
    const rig = Rig.of();
    const mesh = await makeMesh();
    await using door = await openDoor(mesh, { issuance: rig.sequence });
    using agent = await Agent.connect({ port: door.port, roots: mesh.root.pem });
    const commit = rig.log.hold();
    const calls = Array.from({ length: 4 }, () => agent.begin({ csr: csr() }));
    await rig.log.asked(4);
    await settle();
    // The connection itself is alive and answers.
    await agent.ping();
    expect(calls.map(({ received }) => received)).toEqual([0, 0, 0, 0]);
    expect(rig.log.size).toBe(0);
    commit();
    const answers = await Promise.all(calls.map(({ answer }) => answer));
    expect(answers.map(({ code, chain }) => [code, chain.length])).toEqual(Array(4).fill([0, 3]));
    const released = answers.map(({ chain }) =>
      Buffer.from(readPem(chain[0] ?? '', ['CERTIFICATE'])).toString('base64'),
    );
    expect(released.toSorted()).toEqual(rig.log.records.map(({ certificateDer }) => String(certificateDer)).toSorted());
  });
});

describe('a clock set back', () => {
  const hour = 3_600_000;

  it('A-9: within the allowed skew issues on, and the log never runs backwards', async () => {
    const rig = Rig.of({ allowedSkewMs: 5_000 });
    await rig.ask();
    rig.clock.advance(-5_000);
    expect(codeOf(await rig.ask())).toBe('issued');
    const [first, second] = rig.log.records;
    expect(second?.time).toBe(first?.time);
  });

  it('A-9: beyond it issuance pauses with its reason, and resumes once the clock has caught up', async () => {
    const rig = Rig.of({ allowedSkewMs: 5_000 });
    const serials: string[] = [];
    const ask = async () => {
      const end = await rig.ask();
      if ('issued' in end) serials.push(end.issued.facts.serial);
      return end;
    };
    expect(codeOf(await ask())).toBe('issued');
    rig.clock.advance(-hour);
    expect(await ask()).toMatchObject({
      refusal: {
        code: 'clock.behind',
        remedy: 'call-operator',
        message: expect.stringContaining('3600 s behind the newest record'),
        detail: { behindMs: hour },
      },
    });
    rig.clock.advance(hour - 5_001);
    expect(codeOf(await ask())).toBe('clock.behind');
    rig.clock.advance(1);
    expect(codeOf(await ask())).toBe('issued');
    expect(rig.ends).toEqual([
      'certificate.issued',
      'certificate.failed clock.behind',
      'certificate.failed clock.behind',
      'certificate.issued',
    ]);
    expect(new Set(serials).size).toBe(2);
    const times = rig.log.records.map(({ time }) => time);
    expect(times).toEqual(times.toSorted());
    expect(rig.log.records.map(({ seq }) => seq)).toEqual([0, 1, 2, 3]);
  });

  it('A-9: set forward and back again, is behind what it wrote in between', async () => {
    const rig = Rig.of();
    rig.clock.advance(24 * hour);
    expect(codeOf(await rig.ask())).toBe('issued');
    rig.clock.advance(-24 * hour);
    expect(codeOf(await rig.ask())).toBe('clock.behind');
    rig.clock.advance(24 * hour);
    expect(codeOf(await rig.ask())).toBe('issued');
  });
});
