import type { ServerHttp2Stream } from 'node:http2';
import { asRefusal, Refusal } from '#refusal/refusal.ts';
import { answerFrame, answerStatus, canAnswer } from './answer.ts';
import { FrameReader } from './framing.ts';
import { parseTimeout } from './headers.ts';
import type { CallContext, Reply, UnaryMethod } from './method.ts';
import { type Dialect, type GrpcStatus, grpcCode, statusOf } from './status.ts';
import type { Workplaces } from './workplaces.ts';

export interface UnaryRules {
  readonly dialect: Dialect;
  readonly maxMessageBytes: number;
  /** ms from the request's headers to the answer, whatever hangs. */
  readonly deadlineMs: number;
  readonly workplaces: Workplaces;
}

const tooLarge = (max: number) => new Refusal('request.too-large', `the request message is over ${max} bytes`);
const compressed = () =>
  new Refusal('request.encoding', 'compressed messages are not taken; send with grpc-encoding identity');
const notOne = () => new Refusal('request.malformed', 'a unary call carries exactly one message');
const busy = () => new Refusal('overload', 'too many requests in progress, try again');
const clientDeadline: GrpcStatus = { code: grpcCode.deadlineExceeded, message: "the caller's own deadline has passed" };

/**
 * One unary call from its headers to its end. It ends exactly once: by its answer, by its deadline, or by the
 * client going away, whichever is first; what comes later finds `#over` set and changes nothing. Where it ends before
 * its message was handed over, the method is told, and has it on the record.
 */
export class UnaryCall {
  readonly #stream: ServerHttp2Stream;
  readonly #method: UnaryMethod;
  readonly #context: CallContext;
  readonly #rules: UnaryRules;
  /** The first of its connection. */
  readonly #newcomer: boolean;
  readonly #ended: (code: number) => void;
  readonly #reader: FrameReader;
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #message: Buffer | undefined;
  /** The method knows of this call. */
  #handed = false;
  #over = false;

  constructor(
    stream: ServerHttp2Stream,
    method: UnaryMethod,
    context: CallContext,
    timeout: string,
    rules: UnaryRules,
    newcomer: boolean,
    ended: (code: number) => void,
  ) {
    this.#stream = stream;
    this.#method = method;
    this.#context = context;
    this.#rules = rules;
    this.#newcomer = newcomer;
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
    if (this.#over || this.#handed) return;
    const messages = this.#reader.push(chunk);
    if (messages === 'too-large') this.#turnAway(tooLarge(this.#rules.maxMessageBytes));
    else if (messages === 'compressed') this.#turnAway(compressed());
    else this.#keep(messages);
  }

  #keep(messages: readonly Buffer[]): void {
    if (messages.length > 1 || (messages.length === 1 && this.#message !== undefined)) this.#turnAway(notOne());
    else this.#message ??= messages[0];
  }

  #run(): void {
    // a stream that is reset ends too, and then closes
    if (this.#over || this.#handed || this.#stream.aborted) return;
    const message = this.#message;
    if (message === undefined || !this.#reader.clean) this.#turnAway(notOne());
    else if (!this.#rules.workplaces.take(this.#context.evidence.peer.ip, this.#newcomer)) this.#endAtOnce(busy());
    else this.#work(message);
  }

  #work(message: Buffer): void {
    const { workplaces } = this.#rules;
    const { ip } = this.#context.evidence.peer;
    this.#handed = true;
    this.#method.handle(message, this.#context, this.#abort.signal).then(
      (reply) => {
        workplaces.free(ip, this.#newcomer);
        this.#answer(reply);
      },
      (thrown: unknown) => {
        workplaces.free(ip, this.#newcomer);
        if (!this.#over) this.#refuse(this.#statusOf(asRefusal(thrown)));
      },
    );
  }

  #answer({ frame, trailers }: Reply): void {
    if (this.#over) return;
    if (canAnswer(this.#stream)) {
      answerFrame(this.#stream, frame, trailers);
      this.#end(grpcCode.ok);
    } else this.#closed();
  }

  /** What is wrong with the bytes stands on the record before the caller hears of it. */
  #turnAway(refusal: Refusal): void {
    void this.#tell(refusal).then((given) => {
      if (!this.#over) this.#refuse(this.#statusOf(given));
    });
  }

  /** Whoever is too many hears it at once: the log may be what we wait for. */
  #endAtOnce(refusal: Refusal, status = this.#statusOf(refusal)): void {
    this.#refuse(status);
    void this.#tell(refusal);
  }

  #tell(refusal: Refusal): Promise<Refusal> {
    if (this.#handed || this.#method.turnedAway === undefined) return Promise.resolve(refusal);
    this.#handed = true;
    return this.#method.turnedAway(this.#context, refusal);
  }

  #statusOf(refusal: Refusal): GrpcStatus {
    return statusOf(refusal, this.#rules.dialect, this.#context.id);
  }

  #refuse(status: GrpcStatus): void {
    this.#end(status.code);
    answerStatus(this.#stream, status, this.#context.id);
  }

  #expire(theirs: boolean): void {
    if (this.#over) return;
    const late = new Refusal('deadline', 'the request took too long here, try again');
    this.#endAtOnce(late, theirs ? clientDeadline : undefined);
    this.#abort.abort(late);
  }

  #closed(): void {
    if (this.#over) return;
    this.#end(grpcCode.cancelled);
    const gone = new Refusal('cancelled', 'the caller went away');
    void this.#tell(gone);
    this.#abort.abort(gone);
  }

  #end(code: number): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#ended(code);
  }
}
