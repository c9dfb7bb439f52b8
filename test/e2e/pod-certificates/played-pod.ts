import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { at, listAt, type TestClient } from '#test/support/control-plane/client.ts';
import type { Node, Pod, ServiceAccount } from '#test/support/control-plane/objects.ts';
import { listens, Program } from '#test/support/control-plane/program.ts';
import { Watchdog } from '#test/support/control-plane/watchdog.ts';
import { credentialBundle } from './node-agent.ts';
import { Volume } from './volume.ts';

export interface Stage {
  readonly admin: TestClient;
  readonly namespace: string;
  readonly node: Node;
  /** Path of the program. */
  readonly envoy: string;
}

/** Text of the manifests → what it is on this machine, which is no pod: addresses and ports. */
export type Places = Readonly<Record<string, string>>;

const patiently = { timeout: 60_000, interval: 50 };
const textAt = (value: unknown, ...path: readonly (string | number)[]) => String(at(value, ...path) ?? '');

/** A pod of a Deployment, as its controller and kubelet would have it run: volumes and programs of this machine, by the manifest. */
export class PlayedPod implements AsyncDisposable {
  readonly pod: Pod;
  readonly #stage: Stage;
  readonly #account: ServiceAccount;
  readonly #spec: unknown;
  readonly #here: Places;
  readonly #folder = mkdtempSync(join(tmpdir(), 'countersign-played-'));
  readonly #watchdog = new Watchdog(this.#folder);
  readonly #volumes = new Map<string, Volume>();
  readonly #programs: Program[] = [];

  private constructor(stage: Stage, account: ServiceAccount, pod: Pod, spec: unknown, places: Places) {
    this.#stage = stage;
    this.#account = account;
    this.pod = pod;
    this.#spec = spec;
    for (const volume of listAt(spec, 'volumes')) {
      const name = textAt(volume, 'name');
      this.#volumes.set(name, new Volume(join(this.#folder, name)));
    }
    const mounts = listAt(spec, 'containers').flatMap((container) => listAt(container, 'volumeMounts'));
    const mounted = mounts.map((each) => [textAt(each, 'mountPath'), this.volume(textAt(each, 'name')).folder]);
    this.#here = { ...places, ...Object.fromEntries(mounted) };
  }

  /** The object is there and its volumes are filled; nothing runs yet. */
  static async place(stage: Stage, deployment: string, places: Places = {}): Promise<PlayedPod> {
    const { admin, namespace, node } = stage;
    const found = await admin.get(`/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`);
    const { metadata, spec } = Object(at(found, 'spec', 'template'));
    const made = await admin.create(`/api/v1/namespaces/${namespace}/pods`, {
      metadata: { ...metadata, generateName: `${deployment}-` },
      spec: { ...spec, nodeName: node.name },
    });
    const serviceAccount = textAt(spec, 'serviceAccountName');
    const account = await admin.get(`/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}`);
    const [name, uid] = [textAt(made, 'metadata', 'name'), textAt(made, 'metadata', 'uid')];
    const pod = { namespace, name, uid, serviceAccount, node: node.name };
    const owner = { namespace, name: serviceAccount, uid: textAt(account, 'metadata', 'uid') };
    const played = new PlayedPod(stage, owner, pod, spec, places);
    await played.renew();
    return played;
  }

  volume(name: string): Volume {
    const found = this.#volumes.get(name);
    if (found === undefined) throw new Error(`the pod has no volume ${name}`);
    return found;
  }

  /** Fills its volumes anew, with a new key and certificate where one is mounted. */
  async renew(): Promise<void> {
    for (const volume of listAt(this.#spec, 'volumes')) {
      if (at(volume, 'emptyDir') !== undefined) continue;
      const files: Record<string, string> = {};
      const own = at(volume, 'configMap');
      if (own !== undefined) {
        for (const [name, text] of await this.#configMap(own)) files[name] = this.#translated(text);
      }
      for (const source of listAt(volume, 'projected', 'sources'))
        Object.assign(files, Object.fromEntries(await this.#projected(source)));
      this.volume(textAt(volume, 'name')).write(files);
    }
  }

  /** Starts the containers whose program is on this machine. `listening`: container → the port that it is ready on. */
  async run(listening: Readonly<Record<string, number>> = {}): Promise<void> {
    for (const container of listAt(this.#spec, 'containers')) {
      const words = [...listAt(container, 'command'), ...listAt(container, 'args')].map(String);
      const [program = '', ...rest] = words.map((word) => this.#translated(word));
      const name = textAt(container, 'name');
      const started = this.#start(program, rest, join(this.#folder, `${name}.log`));
      if (started === undefined) continue;
      this.#watchdog.guard(started.pid);
      this.#programs.push(started);
      const port = listening[name];
      if (port !== undefined) await started.ready(() => listens(port), patiently.timeout);
    }
  }

  /** What a container has printed so far. */
  said(container: string): string {
    return readFileSync(join(this.#folder, `${container}.log`), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.kill()));
    await this.#watchdog.release();
  }

  #start(program: string, words: readonly string[], log: string): Program | undefined {
    if (program === 'node') return new Program(process.execPath, words, log);
    // Others of this machine run beside it.
    const alone = ['--disable-hot-restart', '--concurrency', '1'];
    return program === 'envoy' ? new Program(this.#stage.envoy, [...words, ...alone], log) : undefined;
  }

  async #projected(source: unknown): Promise<readonly (readonly [string, string])[]> {
    const wanted = at(source, 'podCertificate');
    if (wanted === undefined) return this.#configMap(at(source, 'configMap'));
    const { admin, node } = this.#stage;
    const mount = { account: this.#account, pod: this.pod, node, signerName: textAt(wanted, 'signerName') };
    return [[textAt(wanted, 'credentialBundlePath'), await credentialBundle(admin, mount, textAt(wanted, 'keyType'))]];
  }

  /** File → content. Kubelet too waits for one that is not there yet. */
  async #configMap(source: unknown): Promise<readonly (readonly [string, string])[]> {
    const { admin, namespace } = this.#stage;
    const path = `/api/v1/namespaces/${namespace}/configmaps/${textAt(source, 'name')}`;
    const data = await vi.waitUntil(async () => at((await admin.ask('GET', path)).body, 'data'), patiently);
    const items = listAt(source, 'items').map((item) => [textAt(item, 'path'), textAt(item, 'key')] as const);
    const all = Object.keys(Object(data)).map((key) => [key, key] as const);
    return (items.length > 0 ? items : all).map(([file, key]) => [file, textAt(data, key)]);
  }

  /** All at once: what stands for one text may hold another. */
  #translated(text: string): string {
    if (text.startsWith('-----BEGIN')) return text;
    const known = Object.keys(this.#here).map((each) => each.replaceAll('.', '\\.'));
    return text.replaceAll(new RegExp(known.join('|'), 'g'), (found) => this.#here[found] ?? found);
  }
}
