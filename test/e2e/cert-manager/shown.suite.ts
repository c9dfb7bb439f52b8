import { expect, it, vi } from 'vitest';
import { kubectl } from '#test/support/control-plane/kubectl.ts';
import type { Answering } from './answering.ts';

const patiently = { timeout: 30_000, interval: 200 };

/** What people see of requests and issuers. */
export function shownSuite(site: () => Answering): void {
  const say = (...words: string[]) => {
    const { cluster, requests } = site();
    return kubectl(cluster.kubeconfig, ['-n', requests.namespace, ...words]);
  };
  const shows = (words: readonly string[], ...patterns: readonly RegExp[]) =>
    vi.waitFor(async () => {
      const shown = await say(...words);
      for (const pattern of patterns) expect(shown).toMatch(pattern);
    }, patiently);
  const named = (kind: string, name: string) => ({ issuerRef: { group: 'countersign.dev', kind, name } });

  it('kubectl shows how an issuer stands, and why', async () => {
    const { requests } = site();
    await requests.issuer('broken', 'Issuer', { issuer: 'nowhere' });
    await requests.issuer('mesh', 'ClusterIssuer');
    const why = /spec\.issuer: the server has no issuer "nowhere"; right would be mesh, edge/;
    await shows(
      ['get', 'issuers.countersign.dev', '-o', 'wide'],
      /^broken +False +Failed +nowhere +spec\.issuer: the server has no issuer "nowhere"; right would be mesh, edge +\d+s$/m,
      /^mesh +True +Checked +requests that name it are signed +\d+s$/m,
    );
    await shows(['get', 'cert-manager'], /^issuer\.countersign\.dev\/broken +False +Failed +\d+s$/m);
    await shows(['get', 'cert-manager', '-A'], /clusterissuer\.countersign\.dev\/mesh +True +Checked +\d+s$/m);
    await shows(
      ['describe', 'issuers.countersign.dev', 'broken'],
      why,
      /^ +Warning +Failed .*countersign\.dev\/issuer/m,
    );
    await shows(['describe', 'clusterissuers.countersign.dev', 'mesh'], /^ +Normal +Checked .*requests that name it/m);
  });

  it('kubectl shows what a request waits for, what is wrong with it, and who signed it', async () => {
    const { requests } = site();
    await requests.ask('shown-waiting', named('Issuer', 'broken'));
    await requests.ask('shown-lost', named('ClusterIssuer', 'none'));
    await requests.ask('shown-failed', { duration: '-1h' });
    await requests.ask('shown');
    await shows(
      ['get', 'certificaterequests.cert-manager.io'],
      /^shown +True +True +mesh /m,
      /^shown-failed +True +False +mesh /m,
      /^shown-lost +True +False +none /m,
    );
    const ready = (message: string) => new RegExp(`Message: +${message}\\n +Reason: +\\w+\\n.*\\n +Type: +Ready`);
    await shows(
      ['describe', 'cr', 'shown-waiting'],
      ready('Issuer broken is not ready: spec.issuer: the server has no issuer "nowhere"; right would be mesh, edge'),
      /^ +Warning +Pending .*countersign\.dev\/issuer +Issuer broken is not ready/m,
    );
    await shows(
      ['describe', 'cr', 'shown-lost'],
      ready('there is no ClusterIssuer none; the request is signed once there is'),
    );
    await shows(
      ['describe', 'cr', 'shown-failed'],
      ready('duration: "-1h" is no lifetime; right would be such as 2160h or 1h30m'),
      /Failure Time: +2/,
      /^ +Warning +Failed /m,
    );
    await shows(['describe', 'cr', 'shown'], /^ +Normal +Issued .*Issuer mesh has signed the certificate/m);
  });
}
