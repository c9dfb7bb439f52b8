import { describe, expect, it } from 'vitest';
import { BoundedSink } from '#telemetry/log/sink.ts';

/** A descriptor whose writes end when the test says so. */
function slowDescriptor(maxWaiting = 100) {
  const written: string[] = [];
  const again: (() => void)[] = [];
  let pending: { bytes: Uint8Array; done: (error: NodeJS.ErrnoException | null, written: number) => void } | undefined;
  const sink = new BoundedSink({
    write: (bytes, done) => {
      if (pending !== undefined) throw new Error('two writes under way');
      pending = { bytes, done };
    },
    maxWaiting,
    droppedLine: (count) => `dropped ${count}\n`,
    later: (retry) => again.push(retry),
  });
  const take = () => {
    if (pending === undefined) throw new Error('no write is under way');
    const taken = pending;
    pending = undefined;
    return taken;
  };
  return {
    sink,
    written,
    again,
    idle: () => pending === undefined,
    accept(length?: number) {
      const { bytes, done } = take();
      const part = bytes.subarray(0, length ?? bytes.length);
      written.push(Buffer.from(part).toString());
      done(null, part.length);
    },
    fail(code: string) {
      take().done(Object.assign(new Error(code), { code }), 0);
    },
  };
}

describe('the sink', () => {
  it('writes what gathers while a write is under way in one go, in order', () => {
    const d = slowDescriptor();
    for (const line of ['a\n', 'b\n', 'c\n']) d.sink.write(line);
    d.accept();
    d.accept();
    expect(d.written).toEqual(['a\n', 'b\nc\n']);
    expect(d.idle()).toBe(true);
  });

  it('drops and counts what does not fit while the reader stands still, and says so when it moves again', () => {
    const d = slowDescriptor(10);
    d.sink.write('first\n');
    for (let i = 0; i < 5; i++) d.sink.write(`line${i}\n`);
    expect(d.sink.dropped).toBe(4);
    d.accept();
    d.accept();
    expect(d.written).toEqual(['first\n', 'line0\ndropped 4\n']);
  });

  it('finishes a write that was taken in part', () => {
    const d = slowDescriptor();
    d.sink.write('abcdef\n');
    d.accept(2);
    d.accept();
    expect(d.written.join('')).toBe('abcdef\n');
  });

  it('tries again later when a pipe is full', () => {
    const d = slowDescriptor();
    d.sink.write('a\n');
    d.fail('EAGAIN');
    expect(d.idle()).toBe(true);
    d.again.shift()?.();
    d.accept();
    expect(d.written).toEqual(['a\n']);
  });

  it('lives on when nobody reads any more', () => {
    const d = slowDescriptor();
    d.sink.write('a\n');
    d.fail('EPIPE');
    d.sink.write('b\n');
    d.accept();
    expect(d.written).toEqual(['b\n']);
  });

  it('hands over all that waits at the end', () => {
    const d = slowDescriptor();
    d.sink.write('a\n');
    d.sink.write('b\n');
    expect(Buffer.from(d.sink.takeWaiting()).toString()).toBe('a\nb\n');
  });
});
