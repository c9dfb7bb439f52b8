import { X509Certificate } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { AnsweredRequests, type AnsweredRequestsOptions } from '#doors/kubernetes/answered-requests.ts';
import type { PodCertificateRequest } from '#doors/kubernetes/pod-certificate-request.ts';
import { podCertificates } from '#doors/kubernetes/pod-certificates.ts';
import { ApiError, type ApiRequest } from '#kubernetes/api.ts';
import { Refusal } from '#refusal/refusal.ts';
import { stub } from '#test/e2e/pod-certificates/stubs.ts';
import { Rig, type RigOptions, webCaller } from '#test/issuance/rig.ts';
import { FakePace, until } from '#test/kubernetes/fake-pace.ts';
import { noon, setOf } from '#test/policy/sidecar.ts';
import { at } from '#test/support/control-plane/client.ts';
import { PodApi } from './pod-api.ts';

const key = await stub();
const moment = 1_000;
const minute = 60_000;
type Door = AnsweredRequests<PodCertificateRequest>;
const policies = setOf({ spec: { validity: { default: '24h', max: '24h', backdate: '2m' } } });

describe('the door of PodCertificateRequests', () => {
  const doors: Door[] = [];
  afterEach(async () => {
    await Promise.all(doors.splice(0).map((door) => door.stop()));
  });

  /** A door on an API of its own, in time that the test holds. */
  function open(rigOptions: RigOptions = {}, over: Partial<AnsweredRequestsOptions<PodCertificateRequest>> = {}) {
    const api = new PodApi();
    const rig = Rig.of({ policies, authenticate: async () => webCaller(), ...rigOptions });
    const pace = new FakePace();
    pace.epoch = noon;
    const ends: string[] = [];
    const told: string[] = [];
    const leading = new AbortController();
    const door: Door = new AnsweredRequests({
      ...{ api, pace, issuance: rig.sequence },
      kind: podCertificates({ cluster: 'Kubernetes', signerName: 'mesh.example/workload' }),
      term: () => leading.signal,
      observer: { ended: (outcome) => ends.push(outcome), told: (_, message) => told.push(message) },
      ...over,
    });
    doors.push(door);
    const pass = (ms: number) => {
      rig.clock.advance(ms);
      pace.advance(ms);
    };
    return { api, rig, pace, door, ends, told, pass };
  }

  const statusOf = (write: ApiRequest | undefined, ...way: (string | number)[]) => at(write?.body, 'status', ...way);
  const leafOf = (write: ApiRequest | undefined) => new X509Certificate(String(statusOf(write, 'certificateChain')));
  const issuedBy = ({ log }: Rig) => log.records.filter(({ type }) => type === 'certificate.issued');

  it.each([
    [['v1'], 'v1'],
    [['v1beta1'], 'v1beta1'],
    [['v1beta1', 'v1'], 'v1'],
  ])('K-52: of %j the version %s is used, in what is watched and in what is written', async (served, version) => {
    const { api, door } = open();
    api.served = served;
    api.add(key);
    door.start();
    await until(() => api.writes.length === 1);
    const paths = [...api.watched, ...api.writes].map(({ path }) => path);
    expect(paths.every((path) => path.startsWith(`/apis/certificates.k8s.io/${version}/`))).toBe(true);
    expect(api.watched[0]?.query?.fieldSelector).toBe('spec.signerName=mesh.example/workload');
  });

  it('K-52: where there is neither the door stays closed, says so once, and opens after an upgrade', async () => {
    const { api, door, told, pace } = open();
    api.served = [];
    api.add(key);
    door.start();
    await until(() => told.length === 1);
    expect(told).toEqual(['the cluster serves no podcertificaterequests']);
    expect(door.fault).toMatch(/serves no/);
    api.served = ['v1'];
    await pace.pass(30_000);
    await until(() => api.writes.length === 1);
    expect(door.fault).toBeUndefined();
  });

  it('K-56: a certificate that lay too long for the API server is made afresh, one that did not is handed over as it is', async () => {
    const { api, rig, door, pass, ends } = open();
    let away = true;
    api.fault = () => {
      if (away) throw new ApiError('503 Service Unavailable', { status: 503 });
    };
    api.add(key);
    door.start();
    await until(() => ends.length === 1);
    for (let tries = 2; tries <= 4; tries++) {
      pass(30_000);
      await until(() => ends.length === tries);
    }
    expect(issuedBy(rig)).toHaveLength(1);
    for (let passed = 0; passed < 10; passed++) {
      const before = ends.length;
      pass(minute);
      await until(() => ends.length > before);
    }
    away = false;
    pass(minute);
    await until(() => api.writes.length === 1);
    expect(issuedBy(rig).length).toBeGreaterThan(1);
    const age = (rig.clock.now() - leafOf(api.writes[0]).validFromDate.getTime()) / minute;
    expect(age).toBeLessThan(5);
    expect(statusOf(api.writes[0], 'conditions', 0, 'type')).toBe('Issued');
  });

  it('K-59: what may pass leaves the request untouched: it is asked for again, and nothing is written before', async () => {
    let down = true;
    const { api, door, ends, pass, told } = open({
      authenticate: async () => {
        if (down) throw new Refusal('authn.unavailable', 'the API server is away');
        return webCaller();
      },
    });
    api.add(key);
    door.start();
    await until(() => ends.length === 1);
    pass(moment);
    await until(() => ends.length === 2);
    expect([api.writes, ends]).toEqual([[], ['failed', 'failed']]);
    expect(told).toEqual(['demo/req-0 waits, and is tried again: the API server is away']);
    down = false;
    pass(moment);
    await until(() => api.writes.length === 1);
    expect(ends.at(-1)).toBe('issued');
  });

  it('answers nothing without the lease, and all that waits once it has it', async () => {
    const term = new AbortController();
    let leads = false;
    const { api, door, rig } = open({}, { term: () => (leads ? term.signal : undefined) });
    for (let n = 0; n < 5; n++) api.add(key);
    door.start();
    await until(() => api.watched.length === 1 && door.waiting === 0);
    expect(issuedBy(rig)).toEqual([]);
    leads = true;
    door.refresh();
    await until(() => api.writes.length === 5);
    expect(issuedBy(rig)).toHaveLength(5);
  });

  it('a process that died is told what it had put on the record, and hands that over', async () => {
    const first = open();
    const uid = first.api.add(key);
    first.door.start();
    await until(() => first.api.writes.length === 1);
    const chain = String(statusOf(first.api.writes[0], 'certificateChain'));
    const [leaf = '', ...intermediates] = chain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? [];
    const second = open({}, { api: first.api, issuedBefore: new Map([[uid, { leaf, intermediates, roots: '' }]]) });
    second.door.start();
    await until(() => first.api.writes.length === 2);
    expect(statusOf(first.api.writes[1], 'certificateChain')).toBe(chain);
    expect(issuedBy(second.rig)).toEqual([]);
  });

  it('K-56: what a process left that died too long ago is made afresh, whatever younger ones it left beside it', async () => {
    const left = open();
    const old = left.api.add(key);
    left.door.start();
    await until(() => left.api.writes.length === 1);
    left.pass(4 * minute);
    const young = left.api.add(key);
    await left.door.stop();
    const again = open({}, { api: left.api });
    again.pass(4 * minute);
    again.door.start();
    await until(() => left.api.writes.length === 3);
    const handed = left.api.writes.map((write) => {
      const chain = String(statusOf(write, 'certificateChain'));
      const [leaf = '', ...intermediates] = chain.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/g) ?? [];
      return { uid: at(write.body, 'metadata', 'uid'), handed: { leaf, intermediates, roots: '' } };
    });
    const [first, ...later] = handed;
    const ofYoung = later.find(({ uid }) => uid === young);
    if (first === undefined || ofYoung === undefined) throw new Error('both were answered');
    // the younger one stands first, as in a log that is read backwards
    const issuedBefore = new Map([
      [young, ofYoung.handed],
      [old, first.handed],
    ]);
    const last = open({}, { api: left.api, issuedBefore });
    last.pass(5 * minute);
    last.door.start();
    await until(() => left.api.writes.length === 5);
    expect(issuedBy(last.rig).map(({ request }) => at(request, 'id'))).toEqual([old]);
  });

  it('what is no request of the API is said, and stops nothing', async () => {
    const { api, door, told } = open();
    api.add(key, { podUID: '' });
    api.add(key, { maxExpirationSeconds: 'soon' });
    api.add(key);
    door.start();
    await until(() => api.writes.length === 1);
    expect(told).toHaveLength(2);
    expect(told.join()).toMatch(/podUID is empty.*maxExpirationSeconds/);
  });
});
