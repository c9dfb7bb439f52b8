import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parse } from 'yaml';
import { Reader, section, yamlIn } from '#test/e2e/istio-csr/document.ts';
import { certManagerApi } from '#test/support/control-plane/cert-manager.ts';
import { at } from '#test/support/control-plane/client.ts';
import { testCrl } from '#test/support/crl.ts';
import { askGo, askOpenssl, type Judged } from '#test/support/judges.ts';
import { web } from '#test/support/requests.ts';
import { Certificates } from './certificates.ts';
import { asIstiod, type Files, type Stand } from './istiod.ts';
import { certificatesIn } from './reading.ts';
import { Site } from './site.ts';

const namespace = 'istio-system';
const document = 'docs/cert-manager.md';

/** A part of the document, by its heading. */
export const part = (heading: string) => section(heading, document);

/** What the document has of its own for istiod, in its order. */
export const [ceremony = '', policy = '', issuer = '', certificate = ''] = yamlIn(part("istiod's `cacerts`"));
const spec: unknown = at(parse(certificate), 'spec');

export const judges = ['control-plane', 'set:cert-manager', 'set:pilot-agent', 'openssl', 'go:certcheck'] as const;
type Paths = (judge: (typeof judges)[number]) => string;

/** A site that has done what the document says for istiod, up to the Certificate. */
export class IstiodSite implements AsyncDisposable {
  readonly site: Site;
  readonly reader: Reader;
  readonly certificates: Certificates;
  readonly #path: Paths;

  private constructor(site: Site, path: Paths) {
    const { group, kind, name } = Object(at(spec, 'issuerRef'));
    const { admin } = site.cluster;
    this.site = site;
    this.reader = new Reader(site.cluster);
    this.certificates = new Certificates({ admin, namespace, issuerRef: { group, kind, name } });
    this.#path = path;
  }

  static async start(path: Paths): Promise<IstiodSite> {
    const revocation = { directory: 'status', listen: '127.0.0.1:0', upperCrls: ['upper-root.crl', 'root.crl'] };
    const site = await Site.start({}, { namespace, config: { trustBundle: { overlap: '1h' }, revocation } });
    site.home.write('root.crl', await testCrl(site.home.root));
    site.home.write('authorities.yaml', policy);
    await site.running.server.reload();
    const made = new IstiodSite(site, path);
    await made.apply(issuer);
    return made;
  }

  async apply(yaml: string): Promise<void> {
    await this.reader.type(`kubectl apply -f - <<'END'\n${yaml}END`);
  }

  /** Neither the Certificate `cacerts` nor the Secret is there. */
  async clear(): Promise<void> {
    const { admin } = this.site.cluster;
    await admin.ask('DELETE', `${certManagerApi}/namespaces/${namespace}/certificates/cacerts`);
    await admin.ask('DELETE', `/api/v1/namespaces/${namespace}/secrets/cacerts`);
  }

  /** The Secret of the document's Certificate, with another name and that changed. */
  make(name: string, over: Readonly<Record<string, unknown>> = {}): Promise<Files> {
    return this.site.certificate(name, { ...Object(spec), ...over, secretName: name });
  }

  /** As `cmctl renew` does. */
  async renew(name: string, revision = 2): Promise<Files> {
    // Ready may be true before cert-manager has ended the issuance, and what is asked for meanwhile is lost.
    await this.certificates.settled([name], revision - 1);
    await this.certificates.renew(name);
    await this.certificates.settled([name], revision);
    const { facts } = await this.certificates.evidence(name, {}, revision);
    return { 'tls.crt': facts.chain, 'tls.key': facts.key, 'ca.crt': facts.ca };
  }

  /** Resolves with a message of the request that failed. */
  async refusalOf(name: string, over: Readonly<Record<string, unknown>>): Promise<string> {
    const wish = { ...Object(spec), ...over };
    await this.certificates.create(name, wish);
    await this.certificates.settled([name]);
    return this.certificates.evidence(name, wish).then(() => 'issued', String);
  }

  istiod(mounts: readonly Files[], env?: Files): Promise<readonly Stand[]> {
    return asIstiod(join(this.#path('set:pilot-agent'), 'cacerts'), mounts, env);
  }

  /** It is taken, and who trusts `root` verifies what is signed with it, through the whole of `tls.crt`. */
  expectSigns(stand: Stand | undefined, { 'tls.crt': above = '' }: Files, root = this.site.upperRoot): void {
    expect(stand?.refused).toBe('');
    this.#expectVerified(stand?.chain ?? [], above, root);
  }

  /** It is not, and the one before goes on. */
  expectKept(stand: Stand | undefined, why: RegExp, { 'tls.crt': above = '' }: Files): void {
    expect(stand?.refused).toMatch(why);
    this.#expectVerified(stand?.chain ?? [], above, this.site.upperRoot);
  }

  #expectVerified(chain: readonly string[], above: string, root: string): void {
    const count = certificatesIn(above).length;
    expect(chain.slice(1, 1 + count).join('')).toBe(above);
    expect(new X509Certificate(chain[0] ?? '').subjectAltName).toBe(`URI:${web}`);
    const judged = { name: 'workload', chain: [...chain.slice(0, 1 + count), root] };
    this.expectOpenssl(judged);
    const good = { verify: { serverAuth: '', clientAuth: '' } };
    expect(askGo(this.#path('go:certcheck'), [judged])).toMatchObject([good]);
  }

  expectOpenssl(judged: Judged): void {
    expect(askOpenssl(this.#path('openssl'), judged)).toEqual(['leaf: OK\n', 'leaf: OK\n']);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.reader[Symbol.dispose]();
    await this.site[Symbol.asyncDispose]();
  }
}
