import type { ServerHttp2Stream } from 'node:http2';
import { asRefusal, Refusal } from '#refusal/refusal.ts';
import { answerFrame, answerStatus, canAnswer } from './answer.ts';
import { FrameReader } from './framing.ts';
import { parseTimeout } from './headers.ts';
import type { CallContext, UnaryMethod } from './method.ts';
import { type Dialect, type GrpcStatus, grpcCode, statusOf } from './status.ts';
import type { Workplaces } from './workplaces.ts';

export interface UnaryRules {
  readonly dialect: Dialect;
  readonly maxMessageBytes: number;
  /** ms from the request's headers to the answer, whatever hangs. */
  readonly deadlineMs: number;
  readonly workplaces: Workplaces;
}

const tooLarge = (max: number): GrpcStatus => ({
  code: grpcCode.resourceExhausted,
  message: `the request message is over ${max} bytes`,
});
const compressed: GrpcStatus = {
  code: grpcCode.unimplemented,
  message: 'compressed messages are not taken; send with grpc-encoding identity',
};
const notOne: GrpcStatus = { code: grpcCode.invalidArgument, message: 'a unary call carries exactly one message' };
const busy: GrpcStatus = { code: grpcCode.resourceExhausted, message: 'too many requests in progress, try again' };
const clientDeadline: GrpcStatus = { code: grpcCode.deadlineExceeded, message: "the caller's own deadline has passed" };

/**
 * One unary call from its headers to its end. It ends exactly once: by its answer, by its deadline, or by the
 * client going away, whichever is first; what comes later finds `#over` set and changes nothing.
 */
export class UnaryCall {
  readonly #stream: ServerHttp2Stream;
  readonly #method: UnaryMethod;
  readonly #context: CallContext;
  readonly #rules: UnaryRules;
  readonly #ended: (code: number) => void;
  readonly #reader: FrameReader;
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #message: Buffer | undefined;
  #over = false;

  constructor(
    stream: ServerHttp2Stream,
    method: UnaryMethod,
    context: CallContext,
    timeout: string,
    rules: UnaryRules,
    ended: (code: number) => void,
  ) {
    this.#stream = stream;
    this.#method = method;
    this.#context = context;
    this.#rules = rules;
    this.#ended = ended;
    this.#reader = new FrameReader(rules.maxMessageBytes);
    const wanted = timeout === '' ? undefined : parseTimeout(timeout);
    const theirs = wanted !== undefined && wanted < rules.deadlineMs;
    this.#timer = setTimeout(() => this.#expire(theirs), theirs ? wanted : rules.deadlineMs);
    stream.on('data', (chunk: Buffer) => this.#data(chunk));
    stream.on('end', () => this.#run());
    stream.on('close', () => this.#closed());
  }

  #data(chunk: Buffer): void {
    if (this.#over) return;
    const messages = this.#reader.push(chunk);
    if (messages === 'too-large') this.#refuse(tooLarge(this.#rules.maxMessageBytes));
    else if (messages === 'compressed') this.#refuse(compressed);
    else this.#keep(messages);
  }

  #keep(messages: readonly Buffer[]): void {
    if (messages.length > 1 || (messages.length === 1 && this.#message !== undefined)) this.#refuse(notOne);
    else this.#message ??= messages[0];
  }

  #run(): void {
    if (this.#over) return;
    const message = this.#message;
    if (message === undefined || !this.#reader.clean) this.#refuse(notOne);
    else if (!this.#rules.workplaces.take()) this.#refuse(busy);
    else this.#work(message);
  }

  #work(message: Buffer): void {
    const { workplaces } = this.#rules;
    this.#method.handle(message, this.#context, this.#abort.signal).then(
      (frame) => {
        workplaces.free();
        this.#answer(frame);
      },
      (thrown: unknown) => {
        workplaces.free();
        if (!this.#over) this.#refuse(statusOf(asRefusal(thrown), this.#rules.dialect, this.#context.id));
      },
    );
  }

  #answer(frame: Buffer): void {
    if (this.#over) return;
    if (canAnswer(this.#stream)) {
      answerFrame(this.#stream, frame);
      this.#end(grpcCode.ok);
    } else this.#closed();
  }

  #refuse(status: GrpcStatus): void {
    this.#end(status.code);
    answerStatus(this.#stream, status, this.#context.id);
  }

  #expire(theirs: boolean): void {
    if (this.#over) return;
    const late = new Refusal('deadline', 'the request took too long here, try again');
    this.#refuse(theirs ? clientDeadline : statusOf(late, this.#rules.dialect, this.#context.id));
    this.#abort.abort(late);
  }

  #closed(): void {
    if (this.#over) return;
    this.#end(grpcCode.cancelled);
    this.#abort.abort(new Refusal('cancelled', 'the caller went away'));
  }

  #end(code: number): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#ended(code);
  }
}
