import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { repository } from '#test/oracles.ts';
import { at, listAt } from '#test/support/control-plane/client.ts';
import { type Manifest, nameOf, ofKind, one } from './helm.ts';

/** Secrets, and ConfigMaps that are not the chart's: name → key → content. */
export type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

const textAt = (value: unknown, ...path: readonly (string | number)[]) => String(at(value, ...path) ?? '');

/** A replica's files as kubelet would mount them, below a folder of this machine: from what was rendered, and nothing else. */
export class MountedPod implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'countersign-pod-'));
  readonly name: string;
  readonly #spec: unknown;
  readonly #manifests: readonly Manifest[];
  readonly #given: Secrets;

  constructor(manifests: readonly Manifest[], given: Secrets = {}, number = 0) {
    const set = one(manifests, 'StatefulSet');
    this.name = `${nameOf(set)}-${number}`;
    this.#spec = at(set, 'spec', 'template', 'spec');
    this.#manifests = manifests;
    this.#given = given;
    for (const mount of listAt(this.#spec, 'containers', 0, 'volumeMounts')) this.#mount(mount);
  }

  /** Where a path of the container is on this machine. */
  path(inside: string): string {
    return inside.startsWith('/app/') ? join(repository, inside.slice('/app/'.length)) : join(this.folder, inside);
  }

  /** Of the server's container, as kubelet starts it: the paths in them are this machine's. */
  get arguments(): readonly string[] {
    return this.#arguments('containers');
  }

  /** Of the container before it; empty where there is none. */
  get initArguments(): readonly string[] {
    return this.#arguments('initContainers');
  }

  /** What the server's container is given by value. */
  get environment(): Readonly<Record<string, string>> {
    const given = listAt(this.#spec, 'containers', 0, 'env').filter((each) => at(each, 'value') !== undefined);
    return Object.fromEntries(given.map((each) => [textAt(each, 'name'), textAt(each, 'value')]));
  }

  get configurationFile(): string {
    return this.path(`/etc/countersign/config/${this.name}.yaml`);
  }

  /** The configuration as it was rendered. */
  get configuration(): Readonly<Record<string, unknown>> {
    const maps = ofKind(this.#manifests, 'ConfigMap');
    const texts = maps.map((map) => at(map, 'data', `${this.name}.yaml`)).filter((text) => typeof text === 'string');
    return parse(texts[0] ?? '');
  }

  /** Changes the configuration that is mounted, as far as this machine is not a pod: addresses, and who we are. */
  rewrite(change: (configuration: Record<string, unknown>) => void): void {
    const configuration = this.#localised({ ...this.configuration });
    change(configuration);
    writeFileSync(this.configurationFile, stringify(configuration, { aliasDuplicateObjects: false }));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #arguments(which: 'containers' | 'initContainers'): readonly string[] {
    return listAt(this.#spec, which, 0, 'args').map((word) =>
      String(word)
        .replaceAll('$(POD_NAME)', this.name)
        .replace(/(^|=)(\/\w.*)$/, (_, before: string, path: string) => `${before}${this.path(path)}`),
    );
  }

  #mount(mount: unknown): void {
    const place = this.path(textAt(mount, 'mountPath'));
    mkdirSync(place, { recursive: true });
    const volume = listAt(this.#spec, 'volumes').find((each) => at(each, 'name') === at(mount, 'name'));
    const sources = listAt(volume, 'projected', 'sources');
    for (const [path, content] of (sources.length > 0 ? sources : [volume]).flatMap((each) => this.#files(each))) {
      mkdirSync(dirname(join(place, path)), { recursive: true });
      const isConfiguration = typeof content === 'string' && path === `${this.name}.yaml`;
      const text = isConfiguration ? stringify(this.#localised(parse(content))) : content;
      writeFileSync(join(place, path), text, { mode: 0o600 });
    }
  }

  /** What a source of a volume puts there: path → content. */
  #files(source: unknown): readonly (readonly [string, string])[] {
    const map = at(source, 'configMap');
    const secret = at(source, 'secret');
    const items = listAt(map ?? secret, 'items');
    if (map !== undefined && items.length === 0) return Object.entries(this.#configMap(textAt(map, 'name')));
    const name = textAt(map ?? secret, 'name');
    return items.flatMap((item) => {
      const content = this.#given[name]?.[textAt(item, 'key')];
      if (content !== undefined) return [[textAt(item, 'path'), content] as const];
      if (at(map ?? secret, 'optional') === true) return [];
      // kubelet would not start the pod
      throw new Error(`there is no ${textAt(item, 'key')} in ${name}`);
    });
  }

  #configMap(name: string): Readonly<Record<string, string>> {
    const data = at(one(this.#manifests, 'ConfigMap', name), 'data');
    return typeof data === 'object' && data !== null ? { ...data } : {};
  }

  /** Every path of the container, at its place here. */
  #localised(value: Record<string, unknown>): Record<string, unknown> {
    return JSON.parse(JSON.stringify(value), (_, each: unknown) =>
      typeof each === 'string' && /^\/(app|etc|home|var)\//.test(each) ? this.path(each) : each,
    );
  }
}
