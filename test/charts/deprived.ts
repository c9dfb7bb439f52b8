import type { RunningServer } from '#server/serve.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { UnrulyProxy } from '#test/support/control-plane/unruly-proxy.ts';
import type { Values } from './helm.ts';
import { Installed, type InstallOptions, type Right } from './installed.ts';

/** As few rights as can be, so that those of a feature stand out. */
export const least: Values = {
  kubernetes: { mode: 'review' },
  app: { tls: { certificateDNSNames: ['localhost'], istiodCertificateEnable: false } },
  distribution: { rootConfigMap: { enabled: false } },
};

export interface DeprivedOptions extends Omit<InstallOptions, 'without' | 'through'> {
  /** Before there is a server. */
  readonly prepare?: (namespace: string) => Promise<void>;
}

/** The server in the process of the test, under an account that lacks one right. */
export class Deprived implements AsyncDisposable {
  readonly installed: Installed;
  readonly proxy: UnrulyProxy;
  readonly server: RunningServer;
  readonly #right: Right;
  readonly #rest: AsyncDisposableStack;

  private constructor(
    parts: Pick<Deprived, 'installed' | 'proxy' | 'server'>,
    right: Right,
    rest: AsyncDisposableStack,
  ) {
    this.installed = parts.installed;
    this.proxy = parts.proxy;
    this.server = parts.server;
    this.#right = right;
    this.#rest = rest;
  }

  static async start(cluster: ControlPlane, right: Right, options: DeprivedOptions): Promise<Deprived> {
    await using opened = new AsyncDisposableStack();
    const proxy = opened.use(await UnrulyProxy.start(cluster.facts.access));
    // an API server of before Kubernetes 1.32 has nothing to list by but the list
    if (right.verb === 'list')
      proxy.make({ kind: 'answer', status: 422 }, { when: ({ query }) => query.has('sendInitialEvents') });
    const through = (token: string) => proxy.access(token);
    const installed = opened.use(await Installed.make(cluster, { ...options, without: right, through }));
    await options.prepare?.(installed.namespace);
    const server = await installed.startHere();
    opened.defer(() => server.close());
    return new Deprived({ installed, proxy, server }, right, opened.move());
  }

  /** What the API server says to this account, and to nobody else's, of that right. */
  get complaint(): RegExp {
    const { verb, resource } = this.#right;
    const { namespace } = this.installed;
    const isOfSigner = ['attest', 'sign', 'approve'].includes(verb);
    const what = isOfSigner ? `not permitted.*${verb}` : `cannot ${verb} resource .{0,3}"${resource}`;
    return new RegExp(`${namespace}.*${what}|${what}.*${namespace}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#rest.disposeAsync();
  }
}
