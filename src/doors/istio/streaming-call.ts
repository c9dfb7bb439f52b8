import type { ServerHttp2Stream } from 'node:http2';
import { answerStatus, canAnswer, endAnswer, openAnswer } from './answer.ts';
import { FrameReader, frame } from './framing.ts';
import type { Inlet, StreamingMethod } from './method.ts';
import { MalformedMessage } from './protobuf.ts';
import { type GrpcStatus, grpcCode } from './status.ts';

/** Octets that may wait for a client that does not read; past it the call ends. */
const maxUnread = 1024 * 1024;

/** Runs a call of many messages: health's Watch, reflection. Ends exactly once; `ended` hears its code. */
export function runStreamingCall(
  stream: ServerHttp2Stream,
  method: StreamingMethod,
  id: string,
  maxMessageBytes: number,
  ended: (code: number) => void,
): void {
  const reader = new FrameReader(maxMessageBytes);
  let over = false;

  const end = (status: GrpcStatus) => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    if (canAnswer(stream)) {
      if (stream.headersSent || status.code === grpcCode.ok) {
        if (!stream.headersSent) openAnswer(stream);
        endAnswer(stream, status);
      } else answerStatus(stream, status, id);
    }
    ended(status.code);
  };

  const timer =
    method.lifeMs === undefined
      ? undefined
      : setTimeout(() => end({ code: grpcCode.unavailable, message: 'the call has lasted too long' }), method.lifeMs);

  const inlet: Inlet = method.open({
    send(message) {
      if (over || !canAnswer(stream)) return;
      if (!stream.headersSent) openAnswer(stream);
      stream.write(frame(message));
      if (stream.writableLength > maxUnread) {
        end({ code: grpcCode.resourceExhausted, message: 'the answers are not being read' });
      }
    },
    end,
  });

  const hear = (message: Buffer) => {
    try {
      inlet.message(message);
    } catch (thrown) {
      if (!(thrown instanceof MalformedMessage)) throw thrown;
      end({ code: grpcCode.invalidArgument, message: 'the request message is malformed' });
    }
  };

  stream.on('data', (chunk: Buffer) => {
    if (over) return;
    const messages = reader.push(chunk);
    if (messages === 'too-large')
      end({ code: grpcCode.resourceExhausted, message: 'the request message is too large' });
    else if (messages === 'compressed') {
      end({ code: grpcCode.unimplemented, message: 'compressed messages are not taken' });
    } else {
      for (const message of messages) if (!over) hear(message);
    }
  });
  stream.on('end', () => {
    if (!over) inlet.ended();
  });
  stream.on('close', () => {
    end({ code: grpcCode.cancelled, message: 'the caller went away' });
    inlet.closed();
  });
}
