import { LeaseElector } from '#kubernetes/lease-elector.ts';
import { BundleConfigMaps, type BundleConfigMapsOptions } from './bundle-config-maps.ts';
import { CertificateObject, type CertificateObjectOptions } from './certificate-object.ts';
import { ClusterTrustBundles, oneTrustBundle } from './cluster-trust-bundles.ts';
import { ControlPlaneCertificate, type ControlPlaneCertificateOptions } from './control-plane-certificate.ts';
import type { TrustBundleNames } from './trust-bundle.ts';
import type { Controller, DistributionObserver, Surroundings } from './writer.ts';

export interface DistributionOptions extends Omit<Surroundings, 'term'> {
  /** The same for all that may write: replicas of ours, and istio-csr while it is being replaced. */
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Of this process and no other. */
  readonly identity: string;
  readonly rootConfigMaps?: BundleConfigMapsOptions;
  /** `bundle`: PEM of a CRL for every CA of every chain, undefined while one has none. */
  readonly crlConfigMaps?: BundleConfigMapsOptions & { readonly bundle: () => string | undefined };
  readonly clusterTrustBundle?: TrustBundleNames;
  readonly controlPlaneCertificate?: ControlPlaneCertificateOptions;
  readonly certificateObject?: CertificateObjectOptions;
}

/** What the cluster needs beside certificates, written by the one replica that holds the lease. */
export class Distribution {
  readonly #observer: DistributionObserver;
  readonly #elector: LeaseElector;
  readonly #controllers: readonly Controller[];

  constructor(options: DistributionOptions) {
    const { api, pace, observer, lease, identity } = options;
    this.#observer = observer;
    this.#elector = new LeaseElector({
      ...{ api, pace, identity },
      ...lease,
      onLeading: (term) => this.#begin(term),
      onTrouble: (message) => observer.told('warn', 'lease', message),
    });
    const around: Surroundings = { ...options, term: () => this.#elector.term };
    const { rootConfigMaps, crlConfigMaps, clusterTrustBundle, controlPlaneCertificate, certificateObject } = options;
    this.#controllers = [
      ...(rootConfigMaps
        ? [new BundleConfigMaps(around, rootConfigMaps, { bundle: options.bundle, queue: 'root-configmaps' })]
        : []),
      ...(crlConfigMaps
        ? [new BundleConfigMaps(around, crlConfigMaps, { bundle: crlConfigMaps.bundle, queue: 'crl-configmaps' })]
        : []),
      ...(clusterTrustBundle ? [new ClusterTrustBundles(around, oneTrustBundle(clusterTrustBundle))] : []),
      ...(controlPlaneCertificate ? [new ControlPlaneCertificate(around, controlPlaneCertificate)] : []),
      ...(certificateObject ? [new CertificateObject(around, certificateObject)] : []),
    ];
  }

  start(): void {
    for (const controller of this.#controllers) controller.start();
    this.#elector.start();
  }

  /** To be called when a bundle changed. */
  refresh(): void {
    for (const controller of this.#controllers) controller.refresh();
  }

  #begin(term: AbortSignal): void {
    this.#observer.told('info', 'lease', 'this replica writes now');
    term.addEventListener('abort', () => {
      this.#observer.told('info', 'lease', 'this replica writes no longer');
      this.refresh();
    });
    this.refresh();
  }

  get leading(): boolean {
    return this.#elector.leading;
  }

  /** Pieces of work that wait. */
  get waiting(): number {
    return this.#controllers.reduce((sum, { waiting }) => sum + waiting, 0);
  }

  /** The term ends at once, what had begun is called off, and the lease is handed to whoever asks next. */
  async stop(): Promise<void> {
    const released = this.#elector.stop();
    await Promise.all(this.#controllers.map((controller) => controller.stop()));
    await released;
  }
}
