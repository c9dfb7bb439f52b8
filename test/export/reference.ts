import type { Field } from '#export/field.ts';

/** The page of a format, made from its own table of fields. */
export interface Page {
  readonly title: string;
  readonly about: readonly string[];
  readonly tables: readonly { readonly title?: string; readonly fields: readonly Field[] }[];
  /** A record of an issued certificate, as the format writes it. */
  readonly sample?: { readonly language: string; readonly text: string };
}

export function pageText({ title, about, tables, sample }: Page): string {
  return [
    `# ${title}`,
    ...about,
    ...(sample === undefined
      ? []
      : ['An issued certificate:', `\`\`\`${sample.language}\n${sample.text.trimEnd()}\n\`\`\``]),
    ...tables.flatMap(({ title: heading, fields }) => [`## ${heading ?? 'Fields'}`, tableText(fields)]),
    'Words in `code` on the right are members of the [record](../../src/audit/entry.schema.json). A field without a value is left out.',
    'This page is made from the program, by `UPDATE_DOCS=1 npx vitest run test/export/reference.test.ts`.',
  ]
    .join('\n\n')
    .concat('\n');
}

const cell = (text: string) => text.replaceAll('|', '\\|');
const tableText = (fields: readonly Field[]) =>
  ['| field | what it holds |', '| --- | --- |', ...fields.map(({ to, from }) => `| \`${to}\` | ${cell(from)} |`)].join(
    '\n',
  );
