import type { X509Certificate } from 'node:crypto';
import { inWords, relative } from '../terminal/duration.ts';
import { plain } from '../terminal/plain.ts';
import type { Style } from '../terminal/style.ts';

/** The chain from its root down, a level per certificate, each with its life. `now` in ms. */
export function chainTree(leafFirst: readonly X509Certificate[], now: number, style: Style): string {
  return leafFirst
    .toReversed()
    .map((certificate, depth) => {
      const branch = depth === 0 ? '' : `${'   '.repeat(depth - 1)}└─ `;
      const name = plain(nameOf(certificate));
      return `${branch}${style.name(name)}  ${style.dim(lifeOf(certificate, now))}`;
    })
    .join('\n');
}

/** The SPIFFE ID or subject alternative names of a leaf, the subject of a CA. */
function nameOf(certificate: X509Certificate): string {
  const names = certificate.subjectAltName?.replace(/^URI:/, '');
  const subject = certificate.subject?.split('\n').join(', ');
  return certificate.ca ? (subject ?? names ?? '(no name)') : (names ?? subject ?? '(no name)');
}

function lifeOf(certificate: X509Certificate, now: number): string {
  const from = certificate.validFromDate.getTime();
  const to = certificate.validToDate.getTime();
  return `${inWords((to - from) / 1000)}, expires ${relative(to, now)}`;
}
