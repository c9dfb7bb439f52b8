import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { benchmark } from './benchmark.ts';
import { detectionBenchmark, detectionReport } from './detection.ts';
import { exportsBenchmark } from './exports/benchmark.ts';
import { exportsReport } from './exports/report.ts';
import { fairnessBenchmark, fairnessTiny, fairnessWhole } from './fairness.ts';
import { fairnessReport } from './fairness-report.ts';
import { formatsBenchmark, formatsReport } from './formats.ts';
import { inventoryBenchmark, inventoryReport } from './inventory/benchmark.ts';
import { kubernetesBenchmark } from './kubernetes.ts';
import { kubernetesReport } from './kubernetes-report.ts';
import { logBenchmark, type Part } from './log/benchmark.ts';
import { logReport } from './log/report.ts';
import { memoryUnderLoad } from './memory.ts';
import { type Effort, quick, tiny, whole } from './plan.ts';
import { memoryReport, report } from './report.ts';
import { requestsBenchmark } from './requests.ts';
import { requestsReport } from './requests-report.ts';
import { stormReport } from './storm/report.ts';
import { storms, type Tokens } from './storm/storms.ts';

const usage = `Usage: scripts/bench [--json] [--quick | --memory MINUTES]
       scripts/bench [--json] [--quick] kubernetes
       scripts/bench [--json] [--requests N] requests
       scripts/bench [--json] fairness
       scripts/bench [--json] [--records N] formats
       scripts/bench [--json] [--quick] [--records N] exports
       scripts/bench [--json] [--records N] detection
       scripts/bench [--json] [--records N] [--rate N] inventory
       scripts/bench [--json] [--quick] [--rows N,N] [--part appends,path,filled] log
       scripts/bench [--json] storm [--pods N] [--tokens jwt,local,review]

Measures this machine's limits and how near issuance comes to them; loopback only, about five minutes.

  --json            one JSON object instead of tables
  --quick           one short round of everything, under a minute: for a look, not for a claim
  --memory MINUTES  only: resident memory of the server under full load for so long

kubernetes: tokens of a real API server (scripts/control-plane), reviewed and proven here, beside plain JWTs; two minutes.

requests: so many (1,000) CertificateRequests and CertificateSigningRequests wait in a real API server when the server starts:
how many a second come to their end, beside what the API path itself carries; and the server's memory meanwhile.

fairness: what the limits per cluster, namespace, account and node cost a call, by how many accounts are known.

detection: how many records a second the watch rules that ship see, beside reading them alone, and what they hold after so many; a minute.
formats: how many records a second each format of exports writes, beside reading them as JSON and hashing them; a minute.

exports: how many records a second each kind of sink brings to a receiver of this machine, beside making them alone; and what
issuance loses by three sinks, in turn with none. Seven minutes.

inventory: what a record costs the inventory, and how long each question takes over so many (1,000,000) of them: alone, and on
each engine's whole log while so many records a second (500) are added; ten minutes.

log: appends a second of each engine by 1, 3 and 10 replicas beside the disk's own sync; issuance with the log over that without;
and stores of so many (1,000,000,10000000) rows beside an empty one, which takes 8 GB and ten minutes to fill. Half an hour.

storm: so many pods (10,000) start in one moment and retry as Istio's agent does; with tokens of an OpenID Connect issuer,
and of a real API server (scripts/control-plane) in both modes. It takes Go, and about five minutes.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pods: { type: 'string', default: '10000' },
    requests: { type: 'string', default: '1000' },
    records: { type: 'string', default: '1000000' },
    rate: { type: 'string', default: '500' },
    rows: { type: 'string', default: '1000000,10000000' },
    part: { type: 'string', default: 'appends,path,filled' },
    tokens: { type: 'string', default: 'jwt,local,review' },
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    tiny: { type: 'boolean', default: false },
    memory: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const [what] = positionals;
if (values.help) process.stdout.write(usage);
else if (what === 'storm') {
  const kinds = values.tokens.split(',').map(tokensOf);
  const reports = await storms(kinds, wholeNumber(values.pods), progress);
  process.stdout.write(values.json ? `${JSON.stringify(reports)}\n` : stormReport(reports));
} else if (what === 'inventory') {
  const results = await inventoryBenchmark(
    wholeNumber(values.records, 10_000_000),
    wholeNumber(values.rate, 100_000),
    progress,
  );
  process.stdout.write(values.json ? `${JSON.stringify(results)}\n` : inventoryReport(results));
} else if (what === 'detection') {
  const results = detectionBenchmark(wholeNumber(values.records, 10_000_000), progress);
  process.stdout.write(values.json ? `${JSON.stringify(results)}\n` : detectionReport(results));
} else if (what === 'formats') {
  const results = formatsBenchmark(wholeNumber(values.records, 10_000_000), progress);
  process.stdout.write(values.json ? `${JSON.stringify(results)}\n` : formatsReport(results));
} else if (what === 'exports') {
  const results = await exportsBenchmark(wholeNumber(values.records, 10_000_000), effort(), progress);
  process.stdout.write(values.json ? `${JSON.stringify(results)}\n` : exportsReport(results));
} else if (what === 'kubernetes') {
  const results = await kubernetesBenchmark(effort(), progress);
  process.stdout.write(values.json ? `${JSON.stringify(results)}\n` : kubernetesReport(results));
} else if (what === 'requests') {
  const results = await requestsBenchmark(wholeNumber(values.requests), progress);
  process.stdout.write(values.json ? `${JSON.stringify(results)}\n` : requestsReport(results));
} else if (what === 'log') {
  const rows = values.rows.split(',').map((text) => wholeNumber(text, 100_000_000));
  const results = await logBenchmark(effort(), rows, values.part.split(',').map(partOf), progress);
  process.stdout.write(values.json ? `${JSON.stringify(results)}\n` : logReport(results));
} else if (what === 'fairness') {
  const results = fairnessBenchmark(values.tiny ? fairnessTiny : fairnessWhole);
  process.stdout.write(values.json ? `${JSON.stringify(results)}\n` : fairnessReport(results));
} else if (what !== undefined) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else if (spawnSync('h2load', ['--version']).error) {
  process.stderr.write('bench: the load generator h2load is missing: apt-get install nghttp2-client\n');
  process.exitCode = 4;
} else if (values.memory !== undefined) {
  const result = await memoryUnderLoad(Number(values.memory), progress);
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : memoryReport(result));
} else {
  const result = await benchmark(effort(), progress);
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : report(result));
}

function tokensOf(text: string): Tokens {
  if (text === 'jwt' || text === 'local' || text === 'review') return text;
  throw new RangeError(`--tokens takes jwt, local and review, not ${text}`);
}

function partOf(text: string): Part {
  if (text === 'appends' || text === 'path' || text === 'filled') return text;
  throw new RangeError(`--part takes appends, path and filled, not ${text}`);
}

function wholeNumber(text: string, most = 100_000): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) throw new RangeError(`${text}: give 1 to ${most}`);
  return value;
}

function effort(): Effort {
  if (values.tiny) return tiny;
  return values.quick ? quick : whole;
}

function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K  … ${what}`);
}
