import type { Readable, Writable } from 'node:stream';

/** Passes so many octets on, then destroys both. */
export function cutAfter(octets: number, from: Readable, to: Writable): void {
  passOnly(octets, from, to, () => {
    from.destroy();
    to.destroy();
  });
}

/** Passes so many octets on, then swallows what comes and says no more. */
export function stallAfter(octets: number, from: Readable, to: Writable): void {
  passOnly(octets, from, to, () => {});
}

function passOnly(octets: number, from: Readable, to: Writable, then: () => void): void {
  let left = octets;
  let over = false;
  const end = () => {
    if (over) return;
    over = true;
    then();
  };
  from.on('data', (chunk: Buffer) => {
    if (over) return;
    const part = chunk.subarray(0, left);
    left -= part.length;
    // Cut only once the octets are with the kernel, or the other side would see fewer of them.
    to.write(part, () => {
      if (left === 0) end();
    });
  });
  // An answer shorter than the bound does not end well either.
  from.once('end', end);
}

/** Passes whole lines on as they come, so that a line of somebody else fits between any two of them. */
export function lineWise(from: Readable, to: Writable): void {
  let rest: Buffer = Buffer.alloc(0);
  from.on('data', (chunk: Buffer) => {
    const all = Buffer.concat([rest, chunk]);
    const end = all.lastIndexOf(0x0a) + 1;
    rest = all.subarray(end);
    if (end > 0 && !to.write(all.subarray(0, end))) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  });
  from.once('end', () => to.end(rest));
}
