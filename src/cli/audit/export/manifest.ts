import Type, { type Static } from 'typebox';
import { readDocument } from '#document/document.ts';
import { planMembers } from './plan.ts';

const count = Type.Integer({ minimum: 0 });
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });

const manifestSchema = Type.Object(
  {
    /** The version of the manifest's own form. */
    countersignExport: Type.Literal(1),
    file: Type.String(),
    octets: count,
    sha256,
    rows: count,
    /** Entries of which only the hash was left: they have no row. Absent for none. */
    dropped: Type.Optional(Type.Integer({ minimum: 1 })),
    origin: Type.String(),
    ...planMembers,
  },
  { additionalProperties: false },
);

/** What lies beside an export: what it is, and what it is proven by. */
export type Manifest = Static<typeof manifestSchema>;

export const manifestBeside = (file: string) => `${file}.manifest.json`;
/** Where a row is the entry: the roots that stand for all entries that have none. */
export const hashesBeside = (file: string) => `${file}.hashes`;

/** Throws DocumentError, which names line and field. */
export const readManifest = (text: string, file: string): Manifest => readDocument(text, file, manifestSchema);

export const writeManifest = (manifest: Manifest): string => `${JSON.stringify(manifest, null, 2)}\n`;

/** Whether a file of this name is compressed. */
export const isPacked = (file: string) => file.endsWith('.gz');
