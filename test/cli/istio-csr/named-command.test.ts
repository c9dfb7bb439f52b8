import { describe, expect, it } from 'vitest';
import { namedCommand } from '#cli/istio-csr/named-command.ts';
import { countersign } from '../run-cli.ts';

describe('a line that begins with a flag', () => {
  it.each<readonly [readonly string[], boolean]>([
    [['--trust-domain=x'], true],
    [['--trust-domain', 'x'], true],
    [['--root-ca-file='], true],
    [['-v1'], true],
    [['-v', '1', '--log-format=json'], true],
    [['--trust-domian=x', '--log-level=1'], true],
    [['--config=x', '--log-level=1'], true],
    [[], false],
    [['serve', '--config', 'x'], false],
    [['issue', '-v'], false],
    [['--help'], false],
    [['-h'], false],
    [['--version'], false],
    [['--home', 'x', 'serve'], false],
    [['--home=x', 'istio-csr', '--log-level=1'], false],
    [['--nonsense'], false],
  ])('%j: istio-csr is meant: %s', (words, meant) => {
    expect(namedCommand(words)).toEqual(meant ? ['istio-csr', ...words] : words);
  });

  it('has its errors told as those of the command, exit 2', async () => {
    const direct = await countersign(['--trust-domian=x', '--log-level=1', '--metrics-port=']);
    expect(direct).toEqual(await countersign(['istio-csr', '--trust-domian=x', '--log-level=1', '--metrics-port=']));
    expect(direct).toMatchObject({ code: 2, stdout: '' });
    expect(direct.stderr).toBe(
      'countersign: there is no flag --trust-domian; did you mean --trust-domain?\n' +
        '--metrics-port: an empty value is not a whole number\n`countersign istio-csr --help` lists the flags\n',
    );
  });

  it('finds its file in the home that it names, and says where something is wrong in it', async () => {
    const ran = await countersign(['istio-csr', '--issuer-enabled=false', '--home=/nonexistent']);
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain('do not say who signs');
    const named = await countersign(['istio-csr', '--issuer-enabled=false', '--config=/nonexistent.yaml']);
    expect([named.code, named.stderr]).toEqual([3, 'countersign: /nonexistent.yaml: no such file or folder\n']);
  });
});
