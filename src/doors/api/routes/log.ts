import Type from 'typebox';
import { decodeEntry } from '#audit/entry.ts';
import { Refusal } from '#refusal/refusal.ts';
import { Consistency, index, Records, sha256 } from '../answers.ts';
import type { ApiViews } from '../ports.ts';
import { jsonRoute, streamRoute, textRoute } from '../route.ts';
import { demandSize, entryAt, tlogProof } from '../tlog-proof.ts';

const roles = ['auditor'] as const;
/** Records of one answer. */
const most = 200;
const mostAbout = 50;

const hex = Type.String({ pattern: '^[0-9a-f]{2,64}$', description: 'hexadecimal digits in lower case' });

/** The log itself: its records, what proves them, and those to come. */
export const logRoutes = [
  jsonRoute({
    path: '/v1/records',
    summary: `Records from one leaf index to before another, at most ${most}`,
    roles,
    parameters: { from: index, to: index },
    answer: Records,
    handle: async ({ from, to }, { views: { log } }) => {
      if (to <= from || to - from > most)
        throw new Refusal('request.malformed', `to: give an index after from, at most ${most} later`);
      const entries = from < log.size ? await log.entries(from, to) : [];
      const records = entries.map(recordOf);
      return { body: { size: log.size, records }, rows: records.length };
    },
  }),
  streamRoute({
    path: '/v1/records/stream',
    summary: 'Records as they become durable, as server-sent events whose id is the leaf index',
    roles,
    parameters: {
      from: Type.Optional(
        Type.Integer({ minimum: 0, description: 'the leaf index to begin at, a whole number; left out, what is new' }),
      ),
    },
    answer:
      'events `record`, each with the entry as data; comments while there is nothing; `end` where the server or your proof ends. Last-Event-ID goes on where a stream broke off',
    handle: ({ from }, { views: { log }, lastEventId }) => {
      if (lastEventId === undefined) return { log, from: from ?? log.size };
      if (!/^\d{1,15}$/.test(lastEventId))
        throw new Refusal('request.malformed', 'Last-Event-ID: give the id of an event of this stream');
      return { log, from: Number(lastEventId) + 1 };
    },
  }),
  jsonRoute({
    path: '/v1/records/{index}',
    summary: 'The record at a leaf index',
    roles,
    parameters: { index },
    answer: Records,
    handle: async ({ index: at }, { views: { log } }) => ({
      body: { size: log.size, records: [recordOf(await entryAt(log, at))] },
      rows: 1,
    }),
  }),
  textRoute({
    path: '/v1/records/{index}/proof',
    summary: 'The proof that a record is in the log',
    roles,
    parameters: { index },
    answer: 'a C2SP tlog-proof, with the entry that it proves',
    handle: async ({ index: at }, { views, signal }) => ({ body: await tlogProof(views.log, at, signal), rows: 1 }),
  }),
  jsonRoute({
    path: '/v1/certificates',
    summary: `What the log has about a certificate, by serial or SHA-256; the newest ${mostAbout} records`,
    roles,
    parameters: { serial: Type.Optional(hex), sha256: Type.Optional(sha256) },
    answer: Records,
    handle: async ({ serial, sha256: digest }, { views }) => {
      const indexes = await views.inventory.find(nameOf(serial, digest));
      const body = await recordsAt(indexes.slice(-mostAbout), views);
      return { body, rows: body.records.length };
    },
  }),
  textRoute({
    path: '/v1/certificates/{sha256}/proof',
    summary: 'The proof that a certificate was issued by the leave of this log',
    roles,
    parameters: { sha256 },
    answer: 'a C2SP tlog-proof, with the entry that it proves',
    handle: async ({ sha256: digest }, { views, signal }) => {
      const { records } = await recordsAt(await views.inventory.find({ sha256: digest }), views);
      const issued = records.findLast(({ record }) => record.type === 'certificate.issued');
      if (issued === undefined) throw new Refusal('request.unknown', 'the log has no such certificate');
      return { body: await tlogProof(views.log, issued.index, signal), rows: 1 };
    },
  }),
  textRoute({
    path: '/v1/checkpoint',
    summary: 'The newest published checkpoint',
    roles,
    parameters: {},
    answer: 'a C2SP tlog-checkpoint, signed',
    handle: (_, { views: { log } }) => {
      const note = log.checkpoint();
      if (note === undefined) throw new Refusal('request.unknown', 'the log has no checkpoint yet');
      return { body: note, rows: 1 };
    },
  }),
  jsonRoute({
    path: '/v1/consistency',
    summary: 'The proof that the tree of one size goes on from the tree of another',
    roles,
    parameters: { from: index, to: index },
    answer: Consistency,
    handle: async ({ from, to }, { views: { log } }) => {
      if (from < 1 || to < from)
        throw new Refusal('request.malformed', 'to: give a size from `from` on, which is 1 or more');
      demandSize(log, to);
      const hashes = await log.consistencyProof(from, to);
      const proof = hashes.map((hash) => Buffer.from(hash).toString('base64'));
      return { body: { from, to, proof }, rows: proof.length };
    },
  }),
];

function nameOf(serial: string | undefined, sha256: string | undefined) {
  if (serial !== undefined && sha256 === undefined) return { serial };
  if (sha256 !== undefined && serial === undefined) return { sha256 };
  throw new Refusal('request.malformed', 'give serial or sha256, one of them');
}

/** Those of which more than the hash is left. */
async function recordsAt(indexes: readonly number[], { log }: Pick<ApiViews, 'log'>) {
  const entries = await Promise.all(indexes.map((index) => log.entry(index)));
  return { size: log.size, records: entries.filter((entry) => entry !== undefined).map(recordOf) };
}

function recordOf(entry: Uint8Array) {
  const record = decodeEntry(entry);
  return { index: record.seq, record };
}
