/** A minute's samples for two hours, in promtool's words: `1x120` is 1 all the time, `0+60x120` grows by 60 a minute. */
export type Series = Readonly<Record<string, string>>;

const replicas = ['pod="countersign-0"', 'pod="countersign-1"'] as const;
const release = 'namespace="cert-manager",job="countersign-metrics"';
const [first, second] = replicas;

/** A series of one replica. */
const of = (replica: string, name: string, labels = '') =>
  `${name}{${[release, replica, ...(labels === '' ? [] : [labels])].join(',')}}`;
const ofBoth = (name: string, values: string, labels = ''): Series =>
  Object.fromEntries(replicas.map((replica) => [of(replica, name, labels), values]));
const expiry = (role: string, seconds: string): Series =>
  ofBoth('countersign_certificate_expiry_timestamp_seconds', seconds, `role="${role}",name="${role}"`);

/** Of the first replica; `longest`: the work that hangs longest, `turns`: those that ended. */
const queue = (
  name: string,
  { depth, longest, turns, retries }: Record<'depth' | 'longest' | 'turns' | 'retries', string>,
): Series => ({
  [of(first, 'workqueue_depth', `name="${name}"`)]: depth,
  [of(first, 'workqueue_longest_running_processor_seconds', `name="${name}"`)]: longest,
  [of(first, 'workqueue_work_duration_seconds_count', `name="${name}"`)]: turns,
  [of(first, 'workqueue_retries_total', `name="${name}"`)]: retries,
});

/** Two replicas that do well. The clock begins at 0. */
export const healthy: Series = {
  ...ofBoth('countersign_build_info', '1x120'),
  ...ofBoth('countersign_ready', '1x120'),
  ...ofBoth('countersign_check_passing', '1x120', 'check="clock"'),
  ...ofBoth('process_start_time_seconds', '1x120'),
  ...ofBoth('countersign_log_checkpoint_lag', '0x120'),
  ...ofBoth('countersign_log_checkpoint_timestamp_seconds', '0+60x120'),
  ...ofBoth('countersign_witness_quorum_met', '1x120'),
  ...ofBoth('countersign_witness_disputed', '0x120', 'witness="north"'),
  ...ofBoth('countersign_audit_log_passing', '0x120'),
  [of(first, 'countersign_export_lag_seconds', 'sink="siem"')]: '1x120',
  [of(first, 'countersign_export_refused_total', 'sink="siem"')]: '0x120',
  ...ofBoth('countersign_log_archive_lag_seconds', '0x120'),
  ...ofBoth('countersign_log_retention_failing', '0x120'),
  ...ofBoth('countersign_detection_alerts_total', '3x120', 'rule="pod-on-two-nodes"'),
  ...ofBoth('countersign_detection_rules_refused', '0x120'),
  ...expiry('root', '1000000000x120'),
  ...expiry('intermediate', '1000000000x120'),
  ...expiry('serving', '3600+60x120'),
  ...expiry('control-plane', '3600+60x120'),
  ...expiry('crl', '400000x120'),
  ...ofBoth('countersign_issuance_requests_total', '0+600x120', 'outcome="issued"'),
  ...ofBoth('countersign_issuance_requests_total', '0+6x120', 'outcome="refused"'),
  ...ofBoth('countersign_issuance_refusals_total', '0+6x120', 'code="policy.denied",remedy="fix-request"'),
  ...ofBoth('countersign_issuance_limited_total', '0x120', 'limit="node"'),
  ...ofBoth('countersign_door_rejections_total', '0x120', 'reason="busy"'),
  ...ofBoth('countersign_issuance_duration_seconds_bucket', '0+600x120', 'le="0.1"'),
  ...ofBoth('countersign_issuance_duration_seconds_bucket', '0+600x120', 'le="10"'),
  ...ofBoth('countersign_issuance_duration_seconds_bucket', '0+600x120', 'le="+Inf"'),
  ...ofBoth('countersign_certificate_requests_total', '0+1x120', 'issuer="mesh",outcome="issued"'),
  ...ofBoth('countersign_kubernetes_view_silence_seconds', '5x120', 'cluster="Kubernetes"'),
  ...ofBoth('countersign_kubernetes_token_reviews_total', '0+6x120', 'cluster="Kubernetes",outcome="proven"'),
  ...ofBoth('countersign_kubernetes_remote_cluster_ready', '1x120', 'cluster="east"'),
  ...ofBoth('countersign_kubernetes_remote_kubeconfigs_refused', '0x120'),
  ...ofBoth('countersign_distribution_writes_total', '0x120', 'object="configmap",outcome="failed"'),
  [of(first, 'leader_election_master_status', 'name="istio-csr"')]: '1x120',
  [of(second, 'leader_election_master_status', 'name="istio-csr"')]: '0x120',
  [of(first, 'leader_election_master_status', 'name="countersign-requests"')]: '0x120',
  [of(second, 'leader_election_master_status', 'name="countersign-requests"')]: '1x120',
  ...queue('podcertificaterequests', { depth: '0x120', longest: '0x120', turns: '0+60x120', retries: '0+1x120' }),
  // never empty, but it moves
  ...queue('certificatesigningrequests', { depth: '9x120', longest: '2x120', turns: '0+600x120', retries: '0x120' }),
  ...queue('issuers', { depth: '0x120', longest: '0x120', turns: '7x120', retries: '2x120' }),
  'kubelet_volume_stats_capacity_bytes{namespace="cert-manager",persistentvolumeclaim="audit-countersign-0"}':
    '100x120',
  'kubelet_volume_stats_available_bytes{namespace="cert-manager",persistentvolumeclaim="audit-countersign-0"}':
    '90x120',
};

/** Alert → what is another way than in `healthy`; undefined: every series of that replica is gone. */
export const cases: Readonly<Record<string, Series>> = {
  CountersignDown: Object.fromEntries(Object.keys(healthy).map((series) => [series, '_x120'])),
  CountersignReplicaMissing: { [of(second, 'countersign_build_info')]: '1x10 _x110' },
  CountersignNotReady: ofBoth('countersign_ready', '1x110 0x10'),
  CountersignReplicaNotReady: { [of(second, 'countersign_ready')]: '1x10 0x110' },
  CountersignRestarting: { [of(first, 'process_start_time_seconds')]: '1x100 5000x4 6000x4 6100x12' },
  CountersignLogUnwritable: ofBoth(
    'countersign_issuance_refusals_total',
    '_x119 1',
    'code="log.unavailable",remedy="retry-later"',
  ),
  CountersignCheckpointLate: {
    [of(first, 'countersign_log_checkpoint_lag')]: '0x60 3x60',
    [of(first, 'countersign_log_checkpoint_timestamp_seconds')]: '0+60x60 3600x60',
  },
  CountersignUnwitnessed: ofBoth('countersign_witness_quorum_met', '1x60 0x60'),
  CountersignLogDisputed: { [of(first, 'countersign_witness_disputed', 'witness="north"')]: '0x119 1' },
  CountersignArchiveLate: { [of(first, 'countersign_log_archive_lag_seconds')]: '0x40 0+60x80' },
  CountersignRetentionFails: { [of(first, 'countersign_log_retention_failing')]: '0x40 1x80' },
  CountersignLogPassing: ofBoth('countersign_audit_log_passing', '1x120'),
  CountersignVolumeFillsUp: {
    'kubelet_volume_stats_available_bytes{namespace="cert-manager",persistentvolumeclaim="audit-countersign-0"}':
      '90-1x120',
  },
  CountersignExportBehind: { [of(first, 'countersign_export_lag_seconds', 'sink="siem"')]: '0+60x120' },
  CountersignExportRefused: { [of(first, 'countersign_export_refused_total', 'sink="siem"')]: '0x100 3x20' },
  CountersignDetects: { [of(second, 'countersign_detection_alerts_total', 'rule="pod-on-two-nodes"')]: '0x100 1x20' },
  CountersignRulesRefused: { [of(first, 'countersign_detection_rules_refused')]: '0x90 1x30' },
  CountersignClockBehind: { [of(second, 'countersign_check_passing', 'check="clock"')]: '1x118 0x2' },
  CountersignRootExpiresSoon: expiry('root', '5000000x120'),
  CountersignIssuerExpiresSoon: expiry('intermediate', '140000x120'),
  CountersignIssuerExpires: expiry('intermediate', '30000x120'),
  CountersignServingCertificateExpires: expiry('serving', '7500x120'),
  CountersignIstiodCertificateExpires: expiry('control-plane', '8000x120'),
  CountersignCrlExpires: expiry('crl', '150000x120'),
  CountersignRefusesMuch: ofBoth('countersign_issuance_requests_total', '0+100x120', 'outcome="refused"'),
  CountersignCannotAct: ofBoth(
    'countersign_issuance_refusals_total',
    '0+1x120',
    'code="issuer.expired",remedy="call-operator"',
  ),
  CountersignOverloaded: ofBoth('countersign_issuance_limited_total', '0+30x120', 'limit="node"'),
  CountersignSlow: ofBoth('countersign_issuance_duration_seconds_bucket', '0+500x120', 'le="0.1"'),
  CountersignIssuerBehindFails: ofBoth(
    'countersign_certificate_requests_total',
    '0+1x120',
    'issuer="mesh",outcome="issuer.denied"',
  ),
  CountersignApiServerSilent: ofBoth(
    'countersign_kubernetes_view_silence_seconds',
    `5x110${' Inf'.repeat(10)}`,
    'cluster="Kubernetes"',
  ),
  CountersignTokenReviewsFail: ofBoth(
    'countersign_kubernetes_token_reviews_total',
    '0+6x120',
    'cluster="Kubernetes",outcome="unavailable"',
  ),
  CountersignRemoteClusterUnusable: {
    [of(first, 'countersign_kubernetes_remote_cluster_ready', 'cluster="east"')]: '1x100 0x20',
  },
  CountersignRemoteKubeconfigRefused: ofBoth('countersign_kubernetes_remote_kubeconfigs_refused', '0x100 1x20'),
  CountersignDistributionFails: ofBoth(
    'countersign_distribution_writes_total',
    '0x90 0+1x30',
    'object="configmap",outcome="failed"',
  ),
  CountersignNobodyWrites: { [of(first, 'leader_election_master_status', 'name="istio-csr"')]: '1x100 0x20' },
  CountersignRequestsStand: queue('podcertificaterequests', {
    ...{ depth: '0x120', longest: '0x100 60+60x20' },
    ...{ turns: '0+60x120', retries: '0+1x120' },
  }),
};

/** Alert, and another way to it. */
export const otherWays: readonly (readonly [alert: string, way: string, changes: Series])[] = [
  [
    'CountersignNobodyWrites',
    'where nobody answers requests of the cluster',
    { [of(second, 'leader_election_master_status', 'name="countersign-requests"')]: '1x100 0x20' },
  ],
  [
    'CountersignRequestsStand',
    'where what waits is not begun',
    queue('podcertificaterequests', {
      ...{ depth: '0x100 3x20', longest: '0x120' },
      ...{ turns: '0+60x100 6000x20', retries: '0+1x100 100x20' },
    }),
  ],
  [
    'CountersignRequestsStand',
    'where each try fails',
    queue('certificaterequests', {
      ...{ depth: '0x120', longest: '0x120' },
      ...{ turns: '0+3x100 301+1x20', retries: '0x100 1+1x20' },
    }),
  ],
];

/** Alerts that come with another because they speak of the same from nearer by. */
export const companions: Readonly<Record<string, readonly string[]>> = {
  CountersignIssuerExpires: ['CountersignIssuerExpiresSoon'],
};
