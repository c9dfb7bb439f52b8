import type { KubernetesObject } from '#kubernetes/api.ts';
import { wrongIn } from '#test/doors/kubernetes/certificate-requests/life.ts';
import { requestsIn } from '#test/e2e/spire/played-issuer.ts';
import { at } from '#test/support/control-plane/client.ts';
import { nameOf } from './objects.ts';
import type { Requests } from './requests.ts';

const last = 'the-last-of-all';

/** Every version of every request of a namespace, as somebody else's watch tells them from now on. */
export class Lives {
  readonly #requests: Requests;
  readonly #versions: Promise<KubernetesObject[]>;

  private constructor(requests: Requests, since: string) {
    this.#requests = requests;
    this.#versions = this.#read(since);
    // where a test ends before it asks, nobody hears of it
    this.#versions.catch(() => undefined);
  }

  static async watch(requests: Requests): Promise<Lives> {
    const list = await requests.admin.get(requestsIn(requests.namespace));
    return new Lives(requests, String(at(list, 'metadata', 'resourceVersion')));
  }

  /** By UID, each oldest first; to be asked for once. Throws Error where a life breaks the rules (kubernetes.md §8, 7 to 11). */
  async all(): Promise<ReadonlyMap<string, readonly KubernetesObject[]>> {
    await this.#requests.make(last, { issuerRef: { name: 'nobody' } });
    const versions = await this.#versions;
    await this.#requests.admin.delete(this.#requests.pathOf(last));
    const lives = Map.groupBy(versions, (version) => String(at(version, 'metadata', 'uid')));
    const wrong = [...lives].flatMap(([uid, life]) => wrongIn(life).map((what) => `${uid}: ${what}`));
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
    return lives;
  }

  async #read(since: string): Promise<KubernetesObject[]> {
    const { admin, namespace } = this.#requests;
    const versions: KubernetesObject[] = [];
    for await (const event of admin.watch(`${requestsIn(namespace)}?watch=true&resourceVersion=${since}`)) {
      const object: KubernetesObject = Object(at(event, 'object'));
      if (nameOf(object) === last) break;
      if (at(event, 'type') !== 'DELETED') versions.push(object);
    }
    return versions;
  }
}
