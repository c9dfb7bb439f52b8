import { describe, expect, it } from 'vitest';
import { Metrics } from '#telemetry/metrics.ts';

const path = '/istio.v1.auth.IstioCertificateService/CreateCertificate';
const service = 'grpc_service="istio.v1.auth.IstioCertificateService"';
const labels = `grpc_type="unary",${service},grpc_method="CreateCertificate"`;
const codes = [
  ...['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists'],
  ...['PermissionDenied', 'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange', 'Unimplemented'],
  ...['Internal', 'Unavailable', 'DataLoss', 'Unauthenticated'],
];

const metrics = (istioCsr: boolean) =>
  new Metrics({ clock: { now: () => 0 }, version: '1.2.3', process: false, istioCsr });

async function scrape(from: Metrics): Promise<readonly string[]> {
  return (await from.render()).split('\n').filter((line) => line.startsWith('cert_manager_istio_csr_'));
}

describe('the metrics of istio-csr', () => {
  it('Istio 98: every series is there at zero before the first call', async () => {
    const lines = await scrape(metrics(true));
    const buckets = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf'];
    const expected = [
      ...buckets.map((le) => `cert_manager_istio_csr_grpc_server_handling_seconds_bucket{${labels},le="${le}"} 0`),
      `cert_manager_istio_csr_grpc_server_handling_seconds_sum{${labels}} 0`,
      `cert_manager_istio_csr_grpc_server_handling_seconds_count{${labels}} 0`,
      'cert_manager_istio_csr_tls_provider_certificate_requests{success="0"} 0',
      'cert_manager_istio_csr_tls_provider_certificate_requests{success="1"} 0',
      ...['started', 'msg_received', 'msg_sent'].map(
        (what) => `cert_manager_istio_csr_grpc_server_${what}_total{${labels}} 0`,
      ),
      ...codes.map((code) => `cert_manager_istio_csr_grpc_server_handled_total{${labels},grpc_code="${code}"} 0`),
    ];
    expect([...lines].sort()).toEqual(expected.sort());
  });

  it('Istio 98: calls are counted by code, messages by direction, tries by success', async () => {
    const m = metrics(true);
    for (const code of [0, 0, 16]) {
      m.grpc.callStarted(path);
      m.grpc.callEnded(path, code, 3);
    }
    m.grpc.callStarted('/grpc.health.v1.Health/Check');
    m.grpc.callEnded('/grpc.health.v1.Health/Check', 0, 1);
    m.istioCsr?.servingTried(true);
    m.istioCsr?.servingTried(false);
    m.istioCsr?.servingTried(false);
    const lines = await scrape(m);
    const prefix = 'cert_manager_istio_csr_grpc_server';
    expect(lines.filter((line) => !line.endsWith(' 0')).sort()).toEqual(
      [
        ...['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '5', '10', '+Inf'].map(
          (le) => `${prefix}_handling_seconds_bucket{${labels},le="${le}"} 3`,
        ),
        `${prefix}_handling_seconds_sum{${labels}} 0.009000000000000001`,
        `${prefix}_handling_seconds_count{${labels}} 3`,
        `${prefix}_started_total{${labels}} 3`,
        `${prefix}_msg_received_total{${labels}} 3`,
        `${prefix}_msg_sent_total{${labels}} 2`,
        `${prefix}_handled_total{${labels},grpc_code="OK"} 2`,
        `${prefix}_handled_total{${labels},grpc_code="Unauthenticated"} 1`,
        'cert_manager_istio_csr_tls_provider_certificate_requests{success="0"} 2',
        'cert_manager_istio_csr_tls_provider_certificate_requests{success="1"} 1',
      ].sort(),
    );
  });

  it('are absent where the dialect is another', async () => {
    expect(await scrape(metrics(false))).toEqual([]);
  });
});
