import { DocumentError } from '#document/problem.ts';
import type { Path, Source } from '#document/source.ts';

/** A value in a kubeconfig together with where it stands, so that what is wrong can be named without showing it. */
export class Node {
  readonly #source: Source;
  readonly #path: Path;
  readonly #value: unknown;

  private constructor(source: Source, path: Path, value: unknown) {
    this.#source = source;
    this.#path = path;
    this.#value = value;
  }

  static root(source: Source): Node {
    return new Node(source, [], source.content);
  }

  /** What is under `field`; a Node of undefined where nothing is. */
  at(field: string | number): Node {
    const value = this.#value;
    const inner = typeof value === 'object' && value !== null && Object.hasOwn(value, field);
    return new Node(this.#source, [...this.#path, field], inner ? Reflect.get(value, field) : undefined);
  }

  has(field: string): boolean {
    const value = this.at(field).#value;
    return value !== undefined && value !== null && value !== '';
  }

  /** A mapping under `field`. */
  child(field: string): Node {
    const node = this.at(field);
    if (typeof node.#value !== 'object' || node.#value === null || Array.isArray(node.#value))
      node.fail('must be a mapping');
    return node;
  }

  /** The entries of the list under `field`; none where there is no list. */
  list(field: string): Node[] {
    const node = this.at(field);
    if (node.#value === undefined || node.#value === null) return [];
    if (!Array.isArray(node.#value)) return node.fail('must be a list');
    return node.#value.map((_, index) => node.at(index));
  }

  /** The entry of the list under `field` whose `name` is `name`. */
  named(field: string, name: string): Node {
    const found = this.list(field).find((entry) => entry.text('name') === name);
    return found ?? this.at(field).fail(`has no entry named ${JSON.stringify(name)}`);
  }

  /** Undefined where there is nothing, or an empty text. */
  text(field: string): string | undefined {
    const node = this.at(field);
    if (node.#value === undefined || node.#value === null || node.#value === '') return undefined;
    return typeof node.#value === 'string' ? node.#value : node.fail('must be a text: put it in quotes');
  }

  need(field: string): string {
    return this.text(field) ?? this.at(field).fail('is missing');
  }

  flag(field: string): boolean {
    const node = this.at(field);
    if (node.#value === undefined || node.#value === null) return false;
    return typeof node.#value === 'boolean' ? node.#value : node.fail('must be true or false');
  }

  fail(message: string): never {
    throw new DocumentError([this.#source.problem(this.#path, message)]);
  }
}
