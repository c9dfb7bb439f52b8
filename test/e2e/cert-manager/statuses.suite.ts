import { X509Certificate } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { at } from '#test/support/control-plane/client.ts';
import { type Answering, isStatusWrite, issuedFor } from './answering.ts';
import { Lives } from './lives.ts';
import { conditionOf } from './objects.ts';

const patiently = { timeout: 60_000, interval: 25 };
const manager = 'countersign.dev/issuer';
const apply = 'application/apply-patch+yaml';

/** What stands in a status, and who owns it. */
export function statusesSuite(site: () => Answering): void {
  /** What a manager owns in a status, and that it owns nothing else of the object. */
  async function owned(name: string, by = manager): Promise<string[]> {
    const managers: unknown[] = Object(at(await site().requests.get(name), 'metadata', 'managedFields'));
    const own = [...managers].filter((each) => at(each, 'manager') === by);
    expect(own.map((each) => [at(each, 'operation'), at(each, 'subresource')])).toEqual([['Apply', 'status']]);
    const status = at(own[0], 'fieldsV1', 'f:status');
    expect(at(own[0], 'fieldsV1')).toEqual({ 'f:status': status });
    const { 'f:conditions': conditions = {}, ...members } = Object(status);
    return [...Object.keys(members), ...Object.keys(conditions)].toSorted();
  }

  describe('K-12: of a status', () => {
    it('that is issued we own Ready, the certificate and its roots, and nothing else', async () => {
      const { requests } = site();
      await requests.ask('owned');
      await requests.ended('owned', 'Issued');
      expect(await owned('owned')).toEqual(['f:ca', 'f:certificate', 'k:{"type":"Ready"}']);
      expect(await owned('owned', 'approver')).toEqual(['k:{"type":"Approved"}']);
    });

    it('that has failed we own Ready, InvalidRequest and the time of failure', async () => {
      const { requests } = site();
      await requests.ask('owned-failed', { duration: '-1h' });
      await requests.ended('owned-failed', 'Failed');
      expect(await owned('owned-failed')).toEqual([
        'f:failureTime',
        'k:{"type":"InvalidRequest"}',
        'k:{"type":"Ready"}',
      ]);
    });

    it('that was denied we own Ready and the time of failure', async () => {
      const { requests } = site();
      await requests.make('owned-denied');
      await requests.decide('owned-denied', 'Denied');
      await requests.ended('owned-denied', 'Denied');
      expect(await owned('owned-denied')).toEqual(['f:failureTime', 'k:{"type":"Ready"}']);
      expect(await owned('owned-denied', 'approver')).toEqual(['k:{"type":"Denied"}']);
    });
  });

  it('K §1.2.7: a Ready that somebody takes away comes back beside the same certificate, and nothing more is signed', async () => {
    const { replica, requests } = site();
    const uid = await requests.ask('robbed');
    const chain = await requests.chainOf('robbed');
    const status = Object(at(await requests.get('robbed'), 'status'));
    const conditions = [...status.conditions].filter((each) => at(each, 'type') !== 'Ready');
    await requests.admin.patch(`${requests.pathOf('robbed')}/status`, { status: { conditions } });
    expect(await requests.chainOf('robbed')).toBe(chain);
    expect(at(await requests.get('robbed'), 'status', 'ca')).toBe(status.ca);
    expect(issuedFor(replica, uid)).toHaveLength(1);
  });

  it('K-8, K-11: pending and then issued is two versions: certificate, roots and Ready come in one', async () => {
    const { requests } = site();
    const lives = await Lives.watch(requests);
    const uid = await requests.ask('late', { issuerRef: { group: 'countersign.dev', kind: 'Issuer', name: 'late' } });
    await requests.ended('late', 'Pending');
    await requests.issuer('late');
    await requests.ended('late', 'Issued');
    const life = (await lives.all()).get(uid) ?? [];
    const [made, approved, ...ours] = life.map((version) => [
      conditionOf(version, 'Ready')?.reason,
      ...['certificate', 'ca'].map((member) => at(version, 'status', member) !== undefined),
    ]);
    expect([made, approved]).toEqual(Array.from({ length: 2 }, () => [undefined, false, false]));
    expect(ours).toEqual([
      ['Pending', false, false],
      ['Issued', true, true],
    ]);
  });

  describe('what the API server is relied on for: a status that is applied', () => {
    const answerTo = async (name: string, resourceVersion: unknown) => {
      const { requests } = site();
      const path = `${requests.pathOf(name)}/status?fieldManager=test&force=true`;
      const kind = { apiVersion: 'cert-manager.io/v1', kind: 'CertificateRequest' };
      const body = { ...kind, metadata: { name, resourceVersion }, status: { ca: 'eA==' } };
      return (await requests.admin.ask('PATCH', path, { body, contentType: apply })).status;
    };
    const versionOf = async (name: string) => at(await site().requests.get(name), 'metadata', 'resourceVersion');

    it('to the version from before a change is a conflict', async () => {
      await site().requests.make('versioned');
      const version = await versionOf('versioned');
      expect(await answerTo('versioned', version)).toBe(200);
      expect(await answerTo('versioned', version)).toBe(409);
    });

    it('to the version of another that had its name before is a conflict', async () => {
      const { requests } = site();
      await requests.make('remade');
      const version = await versionOf('remade');
      await requests.admin.delete(requests.pathOf('remade'));
      await requests.make('remade');
      expect(await answerTo('remade', version)).toBe(409);
    });

    it('where there is no object makes none', async () => {
      expect(await answerTo('nobody', '1')).toBe(404);
    });
  });

  it('K-34: of one that is made anew under its name nothing is written to the newcomer', async () => {
    const { replica, requests } = site();
    const lives = await Lives.watch(requests);
    const made = replica.proxy.make({ kind: 'delay', ms: 500 }, { when: isStatusWrite, times: 1 });
    const before = await requests.ask('twice');
    await vi.waitUntil(() => made.met === 1, patiently);
    await requests.admin.delete(requests.pathOf('twice'));
    const after = await requests.ask('twice');
    const serial = new X509Certificate(await requests.chainOf('twice')).serialNumber.toLowerCase();
    expect(issuedFor(replica, after)).toMatchObject([{ certificate: { serial } }]);
    expect(issuedFor(replica, before)).toHaveLength(1);
    const versions = (await lives.all()).get(after) ?? [];
    expect(versions.filter((version) => at(version, 'status', 'certificate') !== undefined)).toHaveLength(1);
  });

  it('K-5: approved and denied, as no webhook forbids here, is denied', async () => {
    const { requests } = site();
    await requests.make('both');
    const conditions = ['Approved', 'Denied'].map((type) => ({ type, status: 'True', reason: 'Test', message: '' }));
    await requests.admin.patch(`${requests.pathOf('both')}/status`, { status: { conditions } });
    expect(conditionOf(await requests.ended('both'), 'Ready')?.reason).toBe('Denied');
  });

  it('a name that somebody forged, as no webhook forbids here, is recorded as said, and moves nobody to another namespace', async () => {
    const { replica, requests } = site();
    const username = 'system:serviceaccount:kube-system:cluster-admin';
    const uid = await requests.ask('forged', { username, groups: ['system:masters'], uid: 'u-1' });
    await requests.ended('forged', 'Issued');
    const { namespace } = requests;
    const identity = `spiffe://cluster.local/certificate-requests/ns/${namespace}`;
    expect(issuedFor(replica, uid)).toMatchObject([{ caller: { identity, namespace, user: { name: username } } }]);
  });

  it('K-1: of another issuer’s requests the server asks for none', async () => {
    const { replica, requests } = site();
    await requests.make('foreign', { issuerRef: { group: 'ca.example.com', kind: 'Issuer', name: 'mesh' } });
    await requests.decide('foreign', 'Denied');
    await requests.ask('own');
    await requests.ended('own');
    expect(at(await requests.get('foreign'), 'status', 'failureTime')).toBeUndefined();
    const watches = replica.proxy.seen.filter(({ watch, path }) => watch && path.endsWith('certificaterequests'));
    for (const { query } of watches) expect(query.get('fieldSelector')).toBe('spec.issuerRef.group=countersign.dev');
  });
}
