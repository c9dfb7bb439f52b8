import { entrySchema } from '#audit/schema.ts';

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly anyOf?: readonly Node[];
  readonly items?: Node;
}

/** Paths of all members that a record may have; a list ends in `{}`, as Splunk names what is in it. */
export const recordNames: ReadonlySet<string> = new Set(namesOf(JSON.parse(JSON.stringify(entrySchema)), ''));

function namesOf(node: Node, path: string): string[] {
  const below = Object.entries(node.properties ?? {}).flatMap(([name, each]) =>
    namesOf(each, path === '' ? name : `${path}.${name}`),
  );
  const either = (node.anyOf ?? []).flatMap((each) => namesOf(each, path));
  return [...(node.items === undefined ? [path] : [`${path}{}`]), ...below, ...either];
}
