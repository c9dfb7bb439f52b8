/** gRPC's length-prefixed messages (gRPC over HTTP/2, "Length-Prefixed-Message"): one flag octet, four of length. */
export const frameHeaderSize = 5;

export function writeFrameHeader(frame: Buffer, length: number): void {
  frame[0] = 0;
  frame.writeUInt32BE(length, 1);
}

export function frame(message: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(frameHeaderSize + message.length);
  writeFrameHeader(out, message.length);
  out.set(message, frameHeaderSize);
  return out;
}

export type FrameFault = 'too-large' | 'compressed';

/** Cuts messages out of the DATA of one stream; holds at most one message of at most `max` octets. */
export class FrameReader {
  readonly #max: number;
  #held: Buffer[] = [];
  #heldSize = 0;
  /** What must be there before another look is worth it, so that many tiny chunks are joined once and not each time. */
  #needed = frameHeaderSize;

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * The messages that `chunk` completes, in order, or why the stream must end. A message is a view into what
   * arrived. `too-large` is told from the header alone, before the body is there.
   */
  push(chunk: Buffer): Buffer[] | FrameFault {
    if (this.#heldSize + chunk.length < this.#needed) {
      this.#hold(chunk, this.#needed);
      return [];
    }
    let bytes = this.#heldSize === 0 ? chunk : Buffer.concat([...this.#held, chunk]);
    this.#held = [];
    this.#heldSize = 0;
    this.#needed = frameHeaderSize;
    const messages: Buffer[] = [];
    while (bytes.length >= frameHeaderSize) {
      const length = bytes.readUInt32BE(1);
      if (length > this.#max) return 'too-large';
      if (bytes[0] !== 0) return 'compressed';
      const end = frameHeaderSize + length;
      if (bytes.length < end) {
        this.#needed = end;
        break;
      }
      messages.push(bytes.subarray(frameHeaderSize, end));
      bytes = bytes.subarray(end);
    }
    if (bytes.length > 0) this.#hold(bytes, this.#needed);
    return messages;
  }

  /** True when no part of a message is waiting for its rest. */
  get clean(): boolean {
    return this.#heldSize === 0;
  }

  #hold(chunk: Buffer, needed: number): void {
    this.#held.push(chunk);
    this.#heldSize += chunk.length;
    this.#needed = needed;
  }
}
