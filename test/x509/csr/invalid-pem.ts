import { toPem } from '#x509/pem.ts';
import { buildCsr, san, uri } from './build.ts';
import type { Invalid } from './generate.ts';

/** Row "PEM" and the limits that stand before it. */
export function invalidPem(): readonly Invalid[] {
  const good = toPem('CERTIFICATE REQUEST', buildCsr());
  const body = good.split('\n').slice(1, -2);
  const begin = '-----BEGIN CERTIFICATE REQUEST-----';
  const end = '-----END CERTIFICATE REQUEST-----';
  const around = (...lines: readonly string[]) => `${[begin, ...lines, end].join('\n')}\n`;
  const first = body[0] ?? '';
  const last = body.at(-1) ?? '';
  const withBody = (change: (base64: string) => string) =>
    around(change(body.join('')).replace(/.{64}/g, '$&\n').trim());
  const padded = toPem('CERTIFICATE REQUEST', paddedRequest());

  const pem = (item: string, name: string, input: string): Invalid => ({
    row: `pem.${item}`,
    code: 'csr.pem',
    name,
    input,
  });
  return [
    pem('one-block', 'nothing at all', ''),
    pem('one-block', 'only whitespace', ' \r\n\t\n'),
    pem('one-block', 'text that is no PEM', 'please sign my key'),
    pem('one-block', 'the same block twice', good + good),
    pem('one-block', 'two blocks with a line between', `${good}\n${good}`),
    pem(
      'one-block',
      'a certificate block behind the request',
      `${good}-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n`,
    ),
    pem('one-block', 'BEGIN without END', [begin, ...body].join('\n')),
    pem('one-block', 'END without BEGIN', [...body, end].join('\n')),
    pem('one-block', 'an empty block', `${begin}\n${end}\n`),
    pem('label', 'a certificate in its place', good.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE')),
    pem('label', 'a private key in its place', good.replaceAll('CERTIFICATE REQUEST', 'PRIVATE KEY')),
    pem('label', 'NEW CERTIFICATE REQUEST without the switch', good.replaceAll('CERTIFICATE', 'NEW CERTIFICATE')),
    pem('label', 'lower case', good.replaceAll('CERTIFICATE REQUEST', 'certificate request')),
    pem('label', 'a space behind the label', good.replaceAll('REQUEST-', 'REQUEST -')),
    pem('label', 'another label in the END line', good.replace('END CERTIFICATE REQUEST', 'END CERTIFICATE')),
    pem('label', 'four dashes', good.replaceAll('-----BEGIN', '----BEGIN')),
    pem('label', 'text behind the BEGIN line', good.replace('REQUEST-----\n', 'REQUEST----- x\n')),
    pem('headers', 'RFC 1421 headers', around('Proc-Type: 4,CLEAR', '', ...body)),
    pem('headers', 'one header and no empty line', around('Comment: hello', ...body)),
    pem('headers', 'an empty line, as behind headers', around('', ...body)),
    pem('text-around', 'text before', `hello\n${good}`),
    pem('text-around', 'text after', `${good}hello\n`),
    pem('text-around', 'text behind the END line', good.replace(`${end}\n`, `${end} hello`)),
    pem('text-around', 'a NUL after', `${good}\0`),
    pem('text-around', 'a form feed before', `\f${good}`),
    pem(
      'base64',
      'a percent sign',
      withBody((b) => `${b.slice(0, 20)}%${b.slice(21)}`),
    ),
    pem(
      'base64',
      'base64url characters',
      withBody((b) => `${b.slice(0, 20)}-_${b.slice(22)}`),
    ),
    pem('base64', 'a space within a line', around(`${first.slice(0, 30)} ${first.slice(30)}`, ...body.slice(1))),
    pem('base64', 'a space at the end of a line', around(`${first} `, ...body.slice(1))),
    pem('base64', 'a carriage return alone', around(`${first}\r${body[1] ?? ''}`, ...body.slice(2))),
    pem('base64', 'an empty line within', around(first, '', ...body.slice(1))),
    pem('base64', 'no line end before the END line', `${[begin, ...body].join('\n')}${end}\n`),
    pem('padding', 'padding left off', padded.replace(/=+\n/, '\n')),
    pem('padding', 'one padding character too many', padded.replace(/=\n/, '==\n')),
    pem('padding', 'padding in the middle', around(first, '==', ...body.slice(1))),
    pem('padding', 'padding where none belongs', around(...body.slice(0, -1), `${last}=`)),
    pem('padding', 'stray bits in the last character', strayBits(padded)),
    pem(
      'padding',
      'one character too few',
      withBody((b) => b.replace(/=*$/, '').slice(0, (b.length & ~3) - 3)),
    ),
    pem(
      'line-length',
      'a line of 77',
      around(body.join('').slice(0, 77), body.join('').slice(77, 140), body.join('').slice(140, 210)),
    ),
    pem('line-length', 'all on one line', around(body.join(''))),
    pem('nul', 'a NUL within a line', around(`${first.slice(0, 30)}\0${first.slice(31)}`, ...body.slice(1))),
    pem('nul', 'a NUL at the end of a line', around(`${first}\0`, ...body.slice(1))),
    pem('non-ascii', 'a Cyrillic letter that looks Latin', around(first.replace(/[A-Za-z]/, 'а'), ...body.slice(1))),
    pem('non-ascii', 'a full-width digit', around(`${first.slice(0, 8)}１${first.slice(9)}`, ...body.slice(1))),
    pem('non-ascii', 'a no-break space behind', `${good}\u00a0`),
    pem(
      'non-ascii',
      'a line separator in place of a line end',
      around(`${first}\u2028${body[1] ?? ''}`, ...body.slice(2)),
    ),
    pem('bom', 'a byte order mark', `\ufeff${good}`),
    { row: 'limits.pem', code: 'csr.too-large', name: 'PEM over 16 KiB', input: good + ' '.repeat(16 * 1024) },
    {
      row: 'limits.der',
      code: 'csr.too-large',
      name: 'DER over 8 KiB',
      input: buildCsr({ extensions: [san(uri(`a:${'x'.repeat(8100)}`))] }),
    },
  ];
}

/** A request whose base64 ends in one `=`. */
function paddedRequest(): Uint8Array {
  for (let length = 1; ; length++) {
    const der = buildCsr({ extensions: [san(uri(`a:${'x'.repeat(length)}`))] });
    if (der.length % 3 === 2) return der;
  }
}

/** The same octets with a bit set that decoding drops. */
function strayBits(pem: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  return pem.replace(/([A-Za-z0-9+/])=\n/, (_, c: string) => `${alphabet[alphabet.indexOf(c) | 1]}=\n`);
}
