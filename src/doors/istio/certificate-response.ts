import type { IssuedFacts } from '#issuance/request.ts';
import { Refusal } from '#refusal/refusal.ts';
import { frameHeaderSize, writeFrameHeader } from './framing.ts';
import { bytesFieldSize, writeBytesHeader } from './protobuf.ts';

/** ztunnel's limit on a message that it receives (contract §1.4). */
const maxResponse = 4 * 1024 * 1024;
const certChain = 1;
const begin = '-----BEGIN CERTIFICATE-----';

/**
 * Encodes `IstioCertificateResponse` as one gRPC frame: leaf, one element per intermediate, all roots as the last
 * element. Everything after the leaf is the same from one answer to the next, so it is encoded once and copied.
 */
export class ResponseEncoder {
  #intermediates: readonly string[] = [];
  #roots = '';
  #tail: Buffer | undefined;

  encode(issued: IssuedFacts): Buffer {
    const tail = this.#tailOf(issued);
    const leafLength = issued.leaf.length;
    const size = bytesFieldSize(leafLength) + tail.length;
    if (size >= maxResponse) throw broken('is over 4 MiB');
    if (!issued.leaf.endsWith('\n')) throw broken('has a leaf without a final newline');
    const frame = Buffer.allocUnsafe(frameHeaderSize + size);
    writeFrameHeader(frame, size);
    const leafAt = writeBytesHeader(frame, frameHeaderSize, certChain, leafLength);
    frame.write(issued.leaf, leafAt, leafLength, 'latin1');
    tail.copy(frame, leafAt + leafLength);
    return frame;
  }

  #tailOf(issued: IssuedFacts): Buffer {
    if (this.#tail !== undefined && this.#intermediates === issued.intermediates && this.#roots === issued.roots) {
      return this.#tail;
    }
    for (const one of issued.intermediates) {
      if (certificatesIn(one) !== 1) throw broken('has an intermediate element that is not exactly one certificate');
    }
    if (certificatesIn(issued.roots) === 0) throw broken('has no root, or something else among its roots');
    this.#tail = encodeTail([...issued.intermediates, issued.roots]);
    this.#intermediates = issued.intermediates;
    this.#roots = issued.roots;
    return this.#tail;
  }
}

function encodeTail(elements: readonly string[]): Buffer {
  const tail = Buffer.allocUnsafe(elements.reduce((sum, one) => sum + bytesFieldSize(one.length), 0));
  let at = 0;
  for (const one of elements) {
    if (!one.endsWith('\n')) throw broken('has an element without a final newline');
    at = writeBytesHeader(tail, at, certChain, one.length);
    at += tail.write(one, at, one.length, 'latin1');
  }
  return tail;
}

/** How many PEM blocks; 0 when one of them is no certificate. */
function certificatesIn(pem: string): number {
  const certificates = pem.split(begin).length;
  return pem.split('-----BEGIN ').length === certificates ? certificates - 1 : 0;
}

/** ztunnel reads one certificate of each element and loses the rest in silence: such an answer must not leave us. */
function broken(what: string): Refusal {
  return new Refusal('internal', `the answer ${what}; the issuer's chain or root bundle is configured wrongly`);
}
