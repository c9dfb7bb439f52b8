import { describe, expect, it } from 'vitest';
import { formatNames } from '#export/format-names.ts';
import { run } from '#test/cli/run-cli.ts';
import { describeWith, repository } from '#test/oracles.ts';

const words = ['--disable-warning=ExperimentalWarning', 'test/bench/main.ts', '--tiny', '--json'];
const measured = { rate: expect.any(Number), cpuMicros: expect.any(Number), loaderMicros: expect.any(Number) };

describe('the benchmark', () => {
  it('measures the parts, the full path beside its limit, and the share of the log', { timeout: 120_000 }, async () => {
    const { code, stdout, stderr } = await run(process.execPath, words, { cwd: repository });
    expect(code, stderr).toBe(0);
    const result = JSON.parse(stdout);
    expect(result.parts.software).toMatchObject({
      csrVerify: expect.any(Number),
      sign: expect.any(Number),
      appendRate: expect.any(Number),
    });
    expect(result.emptyCall).toMatchObject({ kept: measured, new: measured });
    expect(result.paths).toContainEqual({
      key: 'software',
      concurrency: 4,
      connections: 'kept',
      full: expect.objectContaining({ ...measured, p99: expect.any(Number) }),
      limit: expect.objectContaining(measured),
      ratioToLimit: expect.any(Number),
      cpuRatio: expect.any(Number),
    });
    for (const { full, limit } of result.paths) expect(Math.min(full.rate, limit.rate)).toBeGreaterThan(0);
    expect(result.log).toMatchObject({ on: measured, off: measured, share: expect.any(Number) });
  });

  it('measures what fairness costs, by how many are known', { timeout: 60_000 }, async () => {
    const { code, stdout, stderr } = await run(process.execPath, [...words, 'fairness'], { cwd: repository });
    expect(code, stderr).toBe(0);
    const cost = { granted: expect.any(Number), refused: expect.any(Number), limit: expect.any(Number) };
    expect(JSON.parse(stdout)).toMatchObject([
      { accounts: 1, ...cost },
      { accounts: 100, ...cost },
    ]);
  });
});

describeWith(['postgres'], 'the benchmark of the inventory', () => {
  it('measures each question alone, and on both engines while records are added', { timeout: 120_000 }, async () => {
    const few = [...words, '--records', '2000', '--rate', '50', 'inventory'];
    const { code, stdout, stderr } = await run(process.execPath, few, { cwd: repository });
    expect(code, stderr).toBe(0);
    const { questions, loaded } = JSON.parse(stdout);
    const timed = { p50: expect.any(Number), p95: expect.any(Number) };
    expect(questions).toContainEqual({ name: 'held', ...timed });
    const names = questions.map(({ name }: { name: string }) => ({ name, ...timed }));
    expect(loaded).toEqual([
      { engine: 'sqlite', rate: expect.any(Number), questions: names },
      { engine: 'postgres', rate: expect.any(Number), questions: names },
    ]);
  });
});

describeWith(['postgres', 'h2load'], 'the benchmark of the log', () => {
  it('measures appends, issuance with it and without, and full stores, on both engines', {
    timeout: 120_000,
  }, async () => {
    const { code, stdout, stderr } = await run(process.execPath, [...words, '--rows', '5000', 'log'], {
      cwd: repository,
    });
    expect(code, stderr).toBe(0);
    const { disk, appends, paths, filled } = JSON.parse(stdout);
    expect(disk).toMatchObject({ fileSystem: expect.any(String), syncP50: expect.any(Number) });
    const appended = { rate: expect.any(Number), p99: expect.any(Number), recordsPerBatch: expect.any(Number) };
    expect(appends).toMatchObject([
      { engine: 'sqlite', replicas: 1, ...appended },
      { engine: 'postgres', replicas: 2, ...appended },
    ]);
    const on = { run: measured, ofOff: expect.any(Number), cpuOfOff: expect.any(Number) };
    const ways = [
      { log: 'sqlite', ...on },
      { log: 'postgres', ...on },
    ];
    expect(paths).toMatchObject([{ replicas: 1, off: measured, ways }]);
    const stores = ['sqlite', 'postgres'].flatMap((engine) => [0, 5000].map((rows) => ({ engine, rows })));
    expect(filled).toMatchObject(stores.map((store) => ({ ...store, ofEmpty: expect.any(Number) })));
  });
});

describe('the benchmark of detection', () => {
  it('measures every rule that ships beside reading the records', async () => {
    const few = [...words, '--records', '50', 'detection'];
    const { code, stdout, stderr } = await run(process.execPath, few, { cwd: repository });
    expect(code, stderr).toBe(0);
    const { reading, watching, rules } = JSON.parse(stdout);
    expect([reading > 0, watching > 0, rules.length]).toEqual([true, true, 8]);
    for (const { rate } of rules) expect(rate).toBeGreaterThan(0);
  });
});

describe('the benchmark of formats', () => {
  it('measures each beside reading the same records', async () => {
    const few = [...words, '--records', '50', 'formats'];
    const { code, stdout, stderr } = await run(process.execPath, few, { cwd: repository });
    expect(code, stderr).toBe(0);
    const { reading, formats } = JSON.parse(stdout);
    expect(reading).toBeGreaterThan(0);
    expect(formats.map(({ format }: { format: string }) => format)).toEqual(formatNames);
    for (const { rate, octets } of formats) expect([rate > 0, octets > 0]).toEqual([true, true]);
  });
});

describeWith(['h2load'], 'the benchmark of exports', () => {
  it('measures each sink beside making its rows, and issuance with exports beside none', {
    timeout: 120_000,
  }, async () => {
    const few = [...words, '--records', '50', 'exports'];
    const { code, stdout, stderr } = await run(process.execPath, few, { cwd: repository });
    expect(code, stderr).toBe(0);
    const { sinks, issuance } = JSON.parse(stdout);
    const numbers = { rate: expect.any(Number), limit: expect.any(Number), cpuMicros: expect.any(Number) };
    const all = ['file', 'stdout', 'splunk', 'elastic', 'otlp', 'syslog', 's3', 's3-parquet'];
    expect(sinks).toMatchObject(all.map((sink) => ({ sink, ...numbers })));
    expect(issuance).toMatchObject({
      with: measured,
      without: measured,
      rate: { median: expect.any(Number), least: expect.any(Number), most: expect.any(Number) },
      allMicros: { with: expect.any(Number), without: expect.any(Number) },
    });
  });
});

describeWith(['control-plane', 'h2load'], 'the benchmark with tokens of a real cluster', () => {
  it('measures both modes beside plain JWTs, and the CPU of the API server', { timeout: 240_000 }, async () => {
    const { code, stdout, stderr } = await run(process.execPath, [...words, 'kubernetes'], { cwd: repository });
    expect(code, stderr).toBe(0);
    const [result] = JSON.parse(stdout);
    expect(result).toMatchObject({
      jwt: measured,
      local: measured,
      review: { ...measured, othersMicros: expect.any(Number) },
      localToJwt: expect.any(Number),
      reviewToJwt: expect.any(Number),
      localToReviewCpu: expect.any(Number),
    });
    for (const kind of ['jwt', 'local', 'review']) expect(result[kind].rate).toBeGreaterThan(0);
  });
});

describeWith(['control-plane', 'set:cert-manager'], 'the benchmark with objects of a real cluster', () => {
  it('measures both kinds beside the API path, and the memory', { timeout: 240_000 }, async () => {
    const few = [...words, '--requests', '20', 'requests'];
    const { code, stdout, stderr } = await run(process.execPath, few, { cwd: repository });
    expect(code, stderr).toBe(0);
    const rates = { rate: expect.any(Number), limit: expect.any(Number), requests: 20 };
    const residentMiB = { before: expect.any(Number), most: expect.any(Number) };
    expect(JSON.parse(stdout)).toMatchObject([
      { kind: 'CertificateRequest', ...rates, residentMiB },
      { kind: 'CertificateSigningRequest', ...rates, residentMiB },
    ]);
  });
});
