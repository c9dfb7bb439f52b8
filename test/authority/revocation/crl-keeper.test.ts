import { describe, expect, it } from 'vitest';
import type { AuditEvent } from '#audit/event.ts';
import { installIssuer } from '#authority/install-issuer.ts';
import { CrlKeeper } from '#authority/revocation/crl-keeper.ts';
import { RevocationRegister } from '#authority/revocation/register.ts';
import type { SigningIssuer } from '#issuance/live-issuer.ts';
import { SoftwareSigner } from '#keys/software/signer.ts';
import { Refusal } from '#refusal/refusal.ts';
import { testAuthority } from '#test/support/software-ca.ts';
import { readCrl } from '#x509/chain/crl.ts';

const start = Date.now();
const root = testAuthority({ commonName: 'Root' });
const authority = testAuthority({ commonName: 'Mesh', issuer: root, trustDomain: 'cluster.local' });

function issuer(signer = new SoftwareSigner(authority.key)): SigningIssuer {
  const places = { chain: 'chain', roots: 'roots' };
  const material = { name: 'mesh', roots: root.pem, chain: authority.pem, places, trustDomain: 'cluster.local' };
  return installIssuer({ ...material, signer, keyKind: 'ec:P-256' }, start / 1000).live;
}

/** What a keeper stands on, and what came of it in the order in which it came. */
function rig(files = new Map<string, Uint8Array>(), octet = 0x41) {
  const told: string[] = [];
  const events: AuditEvent[] = [];
  let now = start;
  const register = new RevocationRegister();
  const keeper = new CrlKeeper({
    register,
    log: {
      append: async (event) => {
        told.push('recorded');
        return events.push(event) - 1;
      },
    },
    event: (type, fields) => ({ type, id: 'id', outcome: 'success', ...fields }),
    files: {
      read: async (keyId) => files.get(keyId),
      write: async (keyId, der) => {
        told.push('written');
        files.set(keyId, der);
      },
    },
    clock: { now: () => now },
    lifetime: 86_400,
    octet,
    published: () => told.push('published'),
    failed: (_, error) => told.push(error instanceof Refusal ? error.code : String(error)),
  });
  return {
    ...{ keeper, register, told, events, files },
    setTime: (ms: number) => {
      now = ms;
    },
  };
}

const numberOf = (der: Uint8Array | undefined) =>
  BigInt(`0x${Buffer.from(readCrl(der ?? new Uint8Array()).number).toString('hex')}`);

const revocation = (serial: string) =>
  ({ serial, issuerKeyId: mesh.keyId, reason: 'superseded', revokedAt: 1_000, requestedBy: 'alice' }) as const;
const mesh = issuer();

describe('the CRL of an issuer', () => {
  it('is recorded, then on stable storage, then handed out', async () => {
    const { keeper, told, events, files } = rig();
    keeper.follow([mesh]);
    await keeper.changed([mesh.keyId]);
    await keeper.stop();
    expect(told.slice(0, 3)).toEqual(['recorded', 'written', 'published']);
    expect(keeper.get(mesh.keyId)?.der).toEqual(files.get(mesh.keyId));
    const crl = readCrl(files.get(mesh.keyId) ?? new Uint8Array());
    expect(await mesh.verify(crl.tbs, crl.signature)).toBe(true);
    expect(events.at(-1)).toMatchObject({
      type: 'crl.published',
      certificate: { issuer: { keyId: mesh.keyId, name: 'mesh' } },
      revocation: { crlNumber: Number(numberOf(files.get(mesh.keyId))) },
      change: { size: 0 },
    });
  });

  it('P-16: its number rises over changes, restarts, a clock that goes back, and never is that of another server', async () => {
    const files = new Map<string, Uint8Array>();
    const numbers: bigint[] = [];
    const round = async (octet: number, ms: number) => {
      const { keeper, setTime } = rig(files, octet);
      setTime(ms);
      keeper.follow([mesh]);
      await keeper.changed([]);
      await keeper.stop();
      numbers.push(numberOf(files.get(mesh.keyId)));
    };
    await round(0x41, start);
    await round(0x41, start);
    await round(0x41, start - 3_600_000);
    expect(numbers.toSorted((a, b) => Number(a - b))).toEqual(numbers);
    expect(new Set(numbers).size).toBe(3);
    files.clear();
    await round(0x42, start);
    expect(new Set(numbers.map((number) => number & 0xffn))).toEqual(new Set([0x41n, 0x42n]));
  });

  it('lists what the register holds of its key when it is signed, and of no other', async () => {
    const { keeper, register } = rig();
    keeper.follow([mesh]);
    register.take(revocation('5f01'));
    register.take({ ...revocation('5f02'), issuerKeyId: 'bb' });
    await keeper.changed([mesh.keyId, 'bb']);
    await keeper.stop();
    const { revoked, thisUpdate, nextUpdate } = readCrl(keeper.get(mesh.keyId)?.der ?? new Uint8Array());
    expect([...revoked]).toMatchObject([['5f01', { revokedAt: 1_000, reason: 'superseded' }]]);
    expect([thisUpdate, nextUpdate]).toEqual([Math.floor(start / 1000) - 300, Math.floor(start / 1000) + 86_400]);
  });

  it('stays the one before while no new one can be signed or recorded', async () => {
    const signer = new SoftwareSigner(authority.key);
    const before = rig();
    before.keeper.follow([mesh]);
    await before.keeper.stop();
    const later = rig(before.files);
    await signer.close();
    later.keeper.follow([issuer(signer)]);
    await later.keeper.stop();
    expect(later.told).toEqual(['published', 'signer.unavailable']);
    expect(later.keeper.get(mesh.keyId)?.der).toEqual(before.files.get(mesh.keyId));
  });

  it('of a file that is no CRL of that key is not handed out', async () => {
    const other = testAuthority({ commonName: 'Mesh', issuer: root, trustDomain: 'cluster.local' });
    const foreign = rig();
    const liar = { ...mesh, signer: new SoftwareSigner(other.key), verify: async () => true };
    foreign.keeper.follow([liar]);
    await foreign.keeper.stop();
    const signer = new SoftwareSigner(authority.key);
    await signer.close();
    const { keeper, told } = rig(foreign.files);
    keeper.follow([issuer(signer)]);
    await keeper.stop();
    expect(keeper.get(mesh.keyId)).toBeUndefined();
    expect(told).toEqual(['signer.unavailable']);
    const broken = rig(new Map([[mesh.keyId, Buffer.from('no CRL')]]));
    broken.keeper.follow([mesh]);
    await broken.keeper.stop();
    expect(broken.told.slice(-3)).toEqual(['recorded', 'written', 'published']);
  });

  it('a signature that does not verify is never handed out', async () => {
    const { keeper, told } = rig();
    keeper.follow([{ ...mesh, verify: async () => false }]);
    await keeper.stop();
    expect(keeper.get(mesh.keyId)).toBeUndefined();
    expect(told).toEqual(['signer.bad-signature']);
  });
});
