import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { benchmark } from './benchmark.ts';
import { memoryUnderLoad } from './memory.ts';
import { quick, tiny, whole } from './plan.ts';
import { memoryReport, report } from './report.ts';

const usage = `Usage: scripts/bench [--json] [--quick | --memory MINUTES]

Measures this machine's limits and how near issuance comes to them; loopback only, about five minutes.

  --json            one JSON object instead of tables
  --quick           one short round of everything, under a minute: for a look, not for a claim
  --memory MINUTES  only: resident memory of the server under full load for so long
`;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    tiny: { type: 'boolean', default: false },
    memory: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) process.stdout.write(usage);
else if (spawnSync('h2load', ['--version']).error) {
  process.stderr.write('bench: the load generator h2load is missing: apt-get install nghttp2-client\n');
  process.exitCode = 4;
} else if (values.memory !== undefined) {
  const result = await memoryUnderLoad(Number(values.memory), progress);
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : memoryReport(result));
} else {
  const result = await benchmark(values.tiny ? tiny : values.quick ? quick : whole, progress);
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : report(result));
}

function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K  … ${what}`);
}
