import Type, { type Static } from 'typebox';
import { address, count, list, optional, path, section, text } from './field.ts';
import { telemetry } from './telemetry.ts';

const fields = {
  name: text('Name of the witness in its cosignatures, for instance witness.example.org/mesh; no spaces and no "+"'),
  keys: list(
    'Its private keys, Ed25519 or ML-DSA-44, as countersign witness make-key makes them; each signs each checkpoint',
    path('A file'),
    { minItems: 1 },
  ),
  logs: list(
    'Vkeys of the logs that it knows, name+id+key; those of one name are of one log, such as the old key and the new',
    text('A vkey'),
  ),
  directory: path(
    'Folder in which it keeps what it has seen, for itself alone. Never put it back from a backup: a witness that has forgotten needs new keys',
  ),
  listen: address('Address of its door: plain HTTP, for the logs and for anybody who asks what it has seen', {
    default: '127.0.0.1:9404',
  }),
  maxConnections: count('Open connections of it', { minimum: 1, maximum: 10_000 }, { default: 64 }),
  perSecond: count(
    'Checkpoints of one log that it looks at in a second',
    { minimum: 1, maximum: 1_000 },
    { default: 10 },
  ),
};

export const witness = section('A witness of other logs, beside this CA; left out, there is none', fields);

/** The configuration of a witness that stands alone, with all defaults filled in. */
export const WitnessConfigSchema = section('The configuration of `countersign witness serve`', {
  apiVersion: Type.Literal('countersign.dev/v1', { title: 'Version of this format' }),
  kind: Type.Literal('WitnessConfig', { title: 'What the file is' }),
  ...fields,
  telemetry: optional(telemetry),
});

export type WitnessText = Static<typeof witness>;
