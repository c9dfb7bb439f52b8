import { hash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Entry } from '#audit/entry.ts';
import { objectOf } from '#audit/json-object.ts';
import { serialOf } from '#authority/revocation/document.ts';
import { loadConfig } from '#config/load.ts';
import { readCertificate } from '#x509/certificate.ts';
import { certificateIn, findRecord } from '../audit/find-certificate.ts';
import { openSource } from '../audit/log-source.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';
import { nameOfInput } from '../read-input.ts';
import { facts } from '../terminal/facts.ts';
import { plain } from '../terminal/plain.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { addEntry } from './add-entry.ts';
import type { revokeOptions } from './options.ts';

type RevokeInput = Input<typeof revokeOptions>;

/** What a document says of a certificate by itself. */
interface Named {
  readonly serial: string;
  readonly issuer: string;
  readonly notAfter?: string;
  readonly key?: string;
}

export async function runRevoke(input: RevokeInput, terminal: Terminal): Promise<Exit> {
  const { options, home } = input;
  const named = await namedBy(input, terminal);
  const file = options.to ?? firstDocument(home);
  const reason = options.reason ?? 'unspecified';
  const entry = {
    serial: named.serial,
    issuer: named.issuer,
    reason,
    revokedAt: options.at ?? `${new Date().toISOString().slice(0, 19)}Z`,
    requestedBy: options['requested-by'] ?? userInfo().username,
    ...(options.ticket !== undefined && { ticket: options.ticket }),
    ...(named.notAfter !== undefined && { notAfter: named.notAfter }),
    ...(named.key !== undefined && { key: named.key }),
  };
  const added = await addEntry(file, entry, Date.now());
  if (options.json) terminal.printJson({ file, serial: named.serial, issuer: named.issuer, reason, added });
  else {
    const list = facts(
      [
        ['serial', named.serial],
        ['issuer key', named.issuer],
        ['reason', reason],
        ['document', plain(file)],
      ],
      terminal.style,
    );
    terminal.print(`${terminal.style.good(added ? 'added' : 'listed already')}\n${list}`);
    if (added) terminal.note('a server that follows this document revokes it within seconds');
  }
  return 'ok';
}

async function namedBy({ operands, options, home }: RevokeInput, terminal: Terminal): Promise<Named> {
  const [path] = operands;
  if ((path === undefined) === (options.serial === undefined))
    throw new Failure('usage', 'name the certificate by CERT or by --serial, one of them');
  return path === undefined ? inLog(options.serial ?? '', home, terminal) : inFile(path);
}

function inFile(path: string): Named {
  const { serialText, authorityKeyId, notAfter, spki } = readCertificate(certificateIn(path));
  if (authorityKeyId?.keyId === undefined)
    throw new Failure('input', `${nameOfInput(path)}: it has no authorityKeyIdentifier, so it is none of ours`);
  return {
    serial: serialOf(serialText),
    issuer: Buffer.from(authorityKeyId.keyId).toString('hex'),
    notAfter: `${new Date(notAfter * 1000).toISOString().slice(0, 19)}Z`,
    key: hash('sha256', spki, 'hex'),
  };
}

async function inLog(given: string, home: Home, terminal: Terminal): Promise<Named> {
  const serial = given.replaceAll(':', '').toLowerCase();
  if (!/^([0-9a-f]{2}){1,20}$/.test(serial)) throw new Failure('usage', '--serial is hexadecimal, such as 5f3a09c1');
  const source = await openSource({ log: undefined, store: undefined }, home);
  try {
    using progress = terminal.progress(`searching ${source.name}`);
    const found = await findRecord(source, serial, (entry) => issuedIn(entry, serial) !== undefined, progress);
    const named = found && issuedIn(found.entry, serial);
    if (named !== undefined) return named;
  } finally {
    await source.close();
  }
  throw new Failure('no', `the log holds no certificate of serial ${serial}`, 'where it is another log, give CERT');
}

function issuedIn({ type, certificate }: Entry, wanted: string): Named | undefined {
  const { serial, issuer, notAfter, key } = objectOf(certificate);
  const { keyId } = objectOf(issuer);
  const { spkiSha256 } = objectOf(key);
  if (type !== 'certificate.issued' || serial !== wanted || typeof keyId !== 'string') return undefined;
  return {
    serial,
    issuer: keyId,
    ...(typeof notAfter === 'string' && { notAfter }),
    ...(typeof spkiSha256 === 'string' && { key: spkiSha256 }),
  };
}

function firstDocument(home: Home): string {
  const [first] = loadConfig(home.config).config.revocation?.documents ?? [];
  if (first === undefined)
    throw new Failure(
      'input',
      `${home.config}: revocation.documents names no document`,
      'name one there, or give --to FILE',
    );
  return existsSync(first) && statSync(first).isDirectory() ? join(first, 'revocations.yaml') : first;
}
