import { describe, expect, it } from 'vitest';
import { Refusal, refusalCodes } from '#refusal/refusal.ts';
import { Metrics } from '#telemetry/metrics.ts';
import { issued, refused, request } from './outcome.ts';
import { scrape } from './scrape.ts';

const createCertificate = '/istio.v1.auth.IstioCertificateService/CreateCertificate';
const now = Date.UTC(2026, 10, 21, 12);
const metrics = () => new Metrics({ clock: { now: () => now }, version: '1.2.3', process: false });

describe('the metrics of issuance', () => {
  it('count what was issued and what was refused, by door and method', async () => {
    const m = metrics();
    m.observer.ended(request, issued);
    m.observer.ended(request, issued);
    m.observer.ended(request, refused('csr.san', 2));
    m.observer.ended({ ...request, door: 'cert-manager' }, issued);
    const series = await scrape(m);
    const total = (door: string, method: string, outcome: string) =>
      series.get(`countersign_issuance_requests_total{door="${door}",method="${method}",outcome="${outcome}"}`);
    expect(total('istio', 'CreateCertificate', 'issued')).toBe(2);
    expect(total('istio', 'CreateCertificate', 'refused')).toBe(1);
    expect(total('cert-manager', 'CertificateRequest', 'issued')).toBe(1);
  });

  it('count every refusal by its code and by who has to act', async () => {
    const m = metrics();
    for (const code of refusalCodes) m.observer.ended(request, refused(code));
    m.observer.ended(request, refused('log.unavailable'));
    const series = await scrape(m);
    const of = (code: string, remedy: string) =>
      series.get(`countersign_issuance_refusals_total{door="istio",code="${code}",remedy="${remedy}"}`);
    expect(of('csr.malformed', 'fix-request')).toBe(1);
    expect(of('log.unavailable', 'retry-later')).toBe(2);
    expect(of('internal', 'call-operator')).toBe(1);
    const counted = [...series.keys()].filter((key) => key.startsWith('countersign_issuance_refusals_total'));
    expect(counted).toHaveLength(refusalCodes.length);
  });

  it('count who was over a limit by the limit, with a zero for those that nobody was over', async () => {
    const m = metrics();
    const limited = (limit: string) => ({ ...issued, refusal: new Refusal('rate.exceeded', 'too many', { limit }) });
    m.observer.ended(request, limited('node'));
    m.observer.ended(request, limited('node'));
    m.observer.ended(request, limited('in-work'));
    const series = await scrape(m);
    const of = (limit: string) => series.get(`countersign_issuance_limited_total{door="istio",limit="${limit}"}`);
    expect(['cluster', 'namespace', 'service-account', 'node', 'in-work'].map(of)).toEqual([0, 0, 0, 2, 1]);
  });

  it('time each stage that ran, and only those', async () => {
    const m = metrics();
    m.observer.ended(request, issued);
    m.observer.ended(request, refused('csr.san', 2));
    const series = await scrape(m);
    const count = (stage: string) =>
      series.get(`countersign_issuance_stage_duration_seconds_count{door="istio",stage="${stage}"}`);
    expect(['authn', 'csr', 'policy', 'lint', 'sign', 'append'].map(count)).toEqual([2, 2, 1, 1, 1, 1]);
    expect(series.get('countersign_issuance_stage_duration_seconds_sum{door="istio",stage="append"}')).toBe(0.003);
    expect(series.get('countersign_issuance_duration_seconds_sum{door="istio",method="CreateCertificate"}')).toBe(
      0.005,
    );
  });

  it('put a duration into every bucket from its bound upwards', async () => {
    const m = metrics();
    m.observer.ended(request, { ...issued, totalMs: 5 });
    m.observer.ended(request, { ...issued, totalMs: 60_000 });
    const series = await scrape(m);
    const bucket = (le: string) =>
      series.get(`countersign_issuance_duration_seconds_bucket{door="istio",method="CreateCertificate",le="${le}"}`);
    expect(['0.0025', '0.005', '10', '+Inf'].map(bucket)).toEqual([0, 1, 1, 2]);
  });
});

it('the names of all metrics are the documented ones, and no series names a caller', async () => {
  const m = metrics();
  m.gauges.watchLog(() => ({ size: 1, checkpointSize: 1, checkpointTime: now }));
  m.grpc.callStarted(createCertificate);
  m.expiries.set('root', { root: 1 });
  m.queues.of('issuers');
  m.observer.ended(request, issued);
  m.observer.ended(request, refused('csr.san', 2, 'CANARY'));
  const text = await m.render();
  const families = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  expect(families.toSorted()).toEqual([
    'citadel_server_authentication_failure_count counter',
    'citadel_server_cert_chain_expiry_seconds gauge',
    'citadel_server_cert_chain_expiry_timestamp gauge',
    'citadel_server_csr_count counter',
    'citadel_server_csr_sign_err_count counter',
    'citadel_server_root_cert_expiry_seconds gauge',
    'citadel_server_root_cert_expiry_timestamp gauge',
    'citadel_server_success_cert_issuance_count counter',
    'countersign_build_info gauge',
    'countersign_certificate_expiry_timestamp_seconds gauge',
    'countersign_door_rejections_total counter',
    'countersign_issuance_duration_seconds histogram',
    'countersign_issuance_limited_total counter',
    'countersign_issuance_refusals_total counter',
    'countersign_issuance_requests_total counter',
    'countersign_issuance_stage_duration_seconds histogram',
    'countersign_log_checkpoint_lag gauge',
    'countersign_log_checkpoint_size gauge',
    'countersign_log_checkpoint_timestamp_seconds gauge',
    'countersign_log_size gauge',
    'countersign_queue_depth gauge',
    'countersign_requests_in_flight gauge',
    'grpc_server_handled_total counter',
    'grpc_server_handling_seconds histogram',
    'grpc_server_in_flight gauge',
    'grpc_server_started_total counter',
    'leader_election_master_status gauge',
    'workqueue_adds_total counter',
    'workqueue_depth gauge',
    'workqueue_longest_running_processor_seconds gauge',
    'workqueue_queue_duration_seconds histogram',
    'workqueue_retries_total counter',
    'workqueue_unfinished_work_seconds gauge',
    'workqueue_work_duration_seconds histogram',
  ]);
  for (const word of ['CANARY', 'spiffe://', '192.0.2.7', request.id]) expect(text).not.toContain(word);
});

describe('the gauges', () => {
  it('ask their owners when somebody scrapes', async () => {
    const m = metrics();
    let waiting = 3;
    m.gauges.watchQueue('append', () => waiting);
    m.gauges.watchInFlight('istio', () => 7);
    m.gauges.watchLog(() => ({ size: 100, checkpointSize: 90, checkpointTime: now - 500 }));
    m.gauges.rejected('istio', 'overload');
    let leading = false;
    m.gauges.watchLease('countersign-requests', () => leading);
    expect((await scrape(m)).get('countersign_queue_depth{queue="append"}')).toBe(3);
    expect((await scrape(m)).get('leader_election_master_status{name="countersign-requests"}')).toBe(0);
    waiting = 5;
    leading = true;
    const series = await scrape(m);
    expect(series.get('countersign_queue_depth{queue="append"}')).toBe(5);
    expect(series.get('leader_election_master_status{name="countersign-requests"}')).toBe(1);
    expect(series.get('countersign_requests_in_flight{door="istio"}')).toBe(7);
    expect(series.get('countersign_log_size')).toBe(100);
    expect(series.get('countersign_log_checkpoint_lag')).toBe(10);
    expect(series.get('countersign_log_checkpoint_timestamp_seconds')).toBe(now / 1000 - 0.5);
    expect(series.get('countersign_door_rejections_total{door="istio",reason="overload"}')).toBe(1);
  });

  it('name when each certificate expires, and forget one that was replaced', async () => {
    const m = metrics();
    m.expiries.set('root', { 'root-a': 2_000_000_000, 'root-b': 2_100_000_000 });
    m.expiries.set('serving', { istio: now / 1000 + 60 });
    m.expiries.set('root', { 'root-b': 2_100_000_000 });
    const series = await scrape(m);
    const of = (role: string, name: string) =>
      series.get(`countersign_certificate_expiry_timestamp_seconds{role="${role}",name="${name}"}`);
    expect(of('root', 'root-a')).toBeUndefined();
    expect(of('root', 'root-b')).toBe(2_100_000_000);
    expect(of('serving', 'istio')).toBe(now / 1000 + 60);
  });

  it('say what runs', async () => {
    const { node, openssl } = process.versions;
    const name = `countersign_build_info{version="1.2.3",node="${node}",openssl="${openssl}"}`;
    expect((await scrape(metrics())).get(name)).toBe(1);
  });
});

describe("the names of istiod's own CA", () => {
  it('appear with their first value and not before', async () => {
    const m = metrics();
    expect([...(await scrape(m)).keys()].filter((key) => key.startsWith('citadel_'))).toEqual([]);
    m.observer.ended(request, issued);
    expect([...(await scrape(m)).keys()].filter((key) => key.startsWith('citadel_'))).toEqual([
      'citadel_server_csr_count',
      'citadel_server_success_cert_issuance_count',
    ]);
  });

  it('sort refusals as istiod does', async () => {
    const m = metrics();
    for (const code of [
      'authn.failed',
      'csr.malformed',
      'key.weak.roca',
      'ttl.too-long',
      'signer.unavailable',
    ] as const) {
      m.observer.ended(request, refused(code));
    }
    m.observer.ended(request, refused('profile.lint'));
    m.observer.ended(request, refused('overload'));
    m.observer.ended({ ...request, door: 'cert-manager' }, refused('csr.malformed'));
    const series = await scrape(m);
    expect(series.get('citadel_server_csr_count')).toBe(7);
    expect(series.get('citadel_server_authentication_failure_count')).toBe(1);
    const errors = ['CSR_ERROR', 'TTL_ERROR', 'CA_NOT_READY', 'CERT_GEN_ERROR', 'UNKNOWN'];
    expect(errors.map((error) => series.get(`citadel_server_csr_sign_err_count{error="${error}"}`))).toEqual([
      2, 1, 1, 1, 1,
    ]);
  });

  it('count a call at its entry', async () => {
    const m = metrics();
    m.grpc.callStarted(createCertificate);
    m.grpc.callStarted(createCertificate);
    m.observer.ended(request, issued);
    expect((await scrape(m)).get('citadel_server_csr_count')).toBe(2);
  });

  it('tell the expiry of the first root and the first issuer certificate, negative when past', async () => {
    const m = metrics();
    m.expiries.set('root', { 'root-a': now / 1000 + 100, 'root-b': now / 1000 + 900 });
    m.expiries.set('intermediate', { mesh: now / 1000 - 5 });
    const series = await scrape(m);
    expect(series.get('citadel_server_root_cert_expiry_timestamp')).toBe(now / 1000 + 100);
    expect(series.get('citadel_server_root_cert_expiry_seconds')).toBe(100);
    expect(series.get('citadel_server_cert_chain_expiry_seconds')).toBe(-5);
  });
});

describe('the metrics of gRPC', () => {
  it('count calls begun and ended by code, and give every code of a known method a zero', async () => {
    const m = metrics();
    m.grpc.callStarted(createCertificate);
    m.grpc.callStarted(createCertificate);
    m.grpc.callStarted(createCertificate);
    m.grpc.callEnded(createCertificate, 0, 2);
    m.grpc.callEnded(createCertificate, 16, 1);
    const series = await scrape(m);
    const labels =
      'grpc_type="unary",grpc_service="istio.v1.auth.IstioCertificateService",grpc_method="CreateCertificate"';
    const handled = (code: string) => series.get(`grpc_server_handled_total{${labels},grpc_code="${code}"}`);
    expect(series.get(`grpc_server_started_total{${labels}}`)).toBe(3);
    expect(['OK', 'Unauthenticated', 'Internal'].map(handled)).toEqual([1, 1, 0]);
    expect(series.get(`grpc_server_in_flight{${labels}}`)).toBe(1);
    expect(series.get(`grpc_server_handling_seconds_count{${labels}}`)).toBe(2);
  });

  it('put whatever is no known method under one name, and an unknown code under Unknown', async () => {
    const m = metrics();
    for (const path of ['(unknown)', '/x"y/z', '/a/b/c']) {
      m.grpc.callStarted(path);
      m.grpc.callEnded(path, 99, 1);
    }
    const series = [...(await scrape(m)).keys()].filter((key) => key.startsWith('grpc_server_started_total'));
    expect(series).toEqual([
      'grpc_server_started_total{grpc_type="unary",grpc_service="unknown",grpc_method="unknown"}',
    ]);
  });
});

it('the metrics of the process are there too, unless they are turned off', async () => {
  const withProcess = new Metrics({ clock: { now: () => now }, version: '1' });
  const names = [...(await scrape(withProcess)).keys()].map((key) => key.replace(/\{.*/, ''));
  expect(names).toEqual(expect.arrayContaining(['process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds']));
});
