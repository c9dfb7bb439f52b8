import { isObject } from '#kubernetes/answer.ts';
import type { KubernetesApi, KubernetesObject } from '#kubernetes/api.ts';
import type { Change } from '#kubernetes/mirror.ts';
import type { Pace } from '#kubernetes/pace.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import { type IssuerReference, sameReference } from './issuer-reference.ts';

export interface NamedIssuerOptions {
  /** Absent: only the ConfigMap names one. */
  readonly fixed?: IssuerReference;
  readonly runtime?: { readonly api: KubernetesApi; readonly configMap: string; readonly namespace: string };
  readonly pace?: Pace;
  readonly onTrouble?: (reason: string) => void;
  /** Another issuer, or none, from the next request on. */
  readonly onChange?: (issuer: IssuerReference | undefined) => void;
}

/**
 * The issuer that is asked: the one of the runtime ConfigMap as soon as that names one whole, and until then, and after
 * it is deleted, the fixed one. A ConfigMap that names half an issuer changes nothing.
 */
export class NamedIssuer {
  readonly #options: NamedIssuerOptions;
  readonly #view: Reflector<{ readonly names: IssuerReference | undefined }> | undefined;
  #current: IssuerReference | undefined;

  constructor(options: NamedIssuerOptions) {
    this.#options = options;
    this.#current = options.fixed;
    const { runtime, pace, onTrouble } = options;
    if (runtime === undefined) return;
    this.#view = new Reflector({
      api: runtime.api,
      path: `/api/v1/namespaces/${encodeURIComponent(runtime.namespace)}/configmaps`,
      query: { fieldSelector: `metadata.name=${runtime.configMap}` },
      strip: (object) => ({ names: readReference(object) }),
      onChange: (change) => this.#changed(change),
      ...(pace && { pace }),
      ...(onTrouble && { onTrouble }),
    });
  }

  get current(): IssuerReference | undefined {
    return this.#current;
  }

  start(): void {
    this.#view?.start();
  }

  async stop(): Promise<void> {
    await this.#view?.stop();
  }

  #changed({ after }: Change<{ readonly names: IssuerReference | undefined }>): void {
    if (after !== undefined && after.names === undefined) {
      this.#options.onTrouble?.('issuer-name, issuer-kind and issuer-group are not all there: nothing changes');
      return;
    }
    const next = after === undefined ? this.#options.fixed : after.names;
    if (sameReference(next, this.#current)) return;
    this.#current = next;
    this.#options.onChange?.(next);
  }
}

function readReference({ data }: KubernetesObject): IssuerReference | undefined {
  const {
    'issuer-name': name,
    'issuer-kind': kind,
    'issuer-group': group,
  }: KubernetesObject = isObject(data) ? data : {};
  if (typeof name !== 'string' || typeof kind !== 'string' || typeof group !== 'string') return undefined;
  return name === '' || kind === '' || group === '' ? undefined : { name, kind, group };
}
