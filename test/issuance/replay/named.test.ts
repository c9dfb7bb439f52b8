import { describe, expect, it } from 'vitest';
import { replayed } from '#test/support/replayed.ts';
import { namedRequests } from '#test/x509/csr/named-requests.ts';
import { everywhere } from '#test/x509/profile/copies.ts';
import { ca, hosts, issued, request, rigOf } from '../named-rig.ts';
import { announce, having } from './recorded-mesh.ts';

describe('certificates that name what their requests name', () => {
  it.each([{}, { pointers: everywhere }])('A-38: fit, whatever they name, with pointers %j', async (options) => {
    const rig = rigOf(options);
    await announce(rig);
    const asked = namedRequests();
    for (const each of asked) issued(await rig.ask(request(rig, each)));
    expect(replayed(rig.log.records)).toEqual({ findings: [], kinds: { workload: asked.length } });
  });

  it('A-38: fit no more with a name, a use or a path length that was not asked for', async () => {
    const rig = rigOf();
    await announce(rig);
    await rig.ask(request(rig, hosts));
    await rig.ask(request(rig, ca()));
    const { records } = rig.log;
    const [, , , host = Object(undefined), authority = Object(undefined)] = records;
    const rules = (...changed: readonly (typeof host)[]) =>
      replayed([...records.slice(0, 3), ...changed]).findings.map(({ index, rule }) => [index, rule]);
    expect(rules(host, authority)).toEqual([]);
    expect(rules(having(host, 'certificate.sans', ['dns:payments.example']), authority)).toEqual([[3, 'certificate']]);
    expect(rules(having(host, 'asked.kind', 'ca'), authority)).toEqual([[3, 'decision']]);
    expect(rules(host, having(authority, 'certificate.ku', ['digitalSignature']))).toHaveLength(1);
    expect(rules(host, having(authority, 'certificateDer', host.certificateDer))).toEqual([[4, 'decision']]);
  });
});
