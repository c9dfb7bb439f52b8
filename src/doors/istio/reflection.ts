import { readFileSync } from 'node:fs';
import type { Inlet, Methods, Outlet, StreamingMethod } from './method.ts';
import { bytesField, FieldReader, varintField, wireType } from './protobuf.ts';
import { grpcCode } from './status.ts';

/** proto/services.binpb: a FileDescriptorSet of the files beside it, made by `test/go/protoset`. */
const compiled = new URL('../../../proto/services.binpb', import.meta.url);

/** Field numbers of google.protobuf.FileDescriptorProto and what it holds (descriptor.proto). */
const fileName = 1;
const filePackage = 2;
const fileDependency = 3;
const fileMessage = 4;
const fileService = 6;
const serviceMethod = 2;

interface ProtoFile {
  readonly name: string;
  readonly bytes: Buffer;
  readonly dependencies: readonly string[];
  readonly services: readonly string[];
  readonly symbols: readonly string[];
}

/** `grpc.reflection.v1.ServerReflection`, and the same under its older name v1alpha, over a compiled descriptor set. */
export class ReflectionService {
  readonly #files = new Map<string, ProtoFile>();
  readonly #bySymbol = new Map<string, ProtoFile>();
  readonly services: readonly string[];

  /** Throws when the descriptor set is missing or broken. */
  constructor(descriptorSet: Buffer = readFileSync(compiled)) {
    for (const bytes of fieldsOf(descriptorSet, 1)) {
      const file = readFile(bytes);
      this.#files.set(file.name, file);
      for (const symbol of file.symbols) this.#bySymbol.set(symbol, file);
    }
    this.services = [...this.#files.values()].flatMap((file) => file.services);
  }

  get methods(): Methods {
    const info: StreamingMethod = { kind: 'streaming', lifeMs: 60_000, open: (outlet) => this.#converse(outlet) };
    return new Map([
      ['/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', info],
      ['/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo', info],
    ]);
  }

  #converse(outlet: Outlet): Inlet {
    return {
      message: (bytes) => outlet.send(Buffer.concat([bytesField(2, bytes), this.#answer(bytes)])),
      ended: () => outlet.end({ code: grpcCode.ok, message: '' }),
      closed: () => {},
    };
  }

  /** The member of ServerReflectionResponse.message_response that answers one request. */
  #answer(request: Buffer): Buffer {
    const reader = new FieldReader(request);
    let answer = failure(grpcCode.invalidArgument, 'the request asks for nothing');
    while (reader.next()) {
      if (reader.is(3, wireType.bytes)) answer = this.#descriptors(this.#files.get(reader.string()));
      else if (reader.is(4, wireType.bytes)) answer = this.#descriptors(this.#bySymbol.get(reader.string()));
      else if (reader.is(7, wireType.bytes)) {
        reader.skip();
        answer = bytesField(6, Buffer.concat(this.services.map((name) => bytesField(1, bytesField(1, name)))));
      } else {
        if (reader.field === 5 || reader.field === 6)
          answer = failure(grpcCode.notFound, 'there are no extensions here');
        reader.skip();
      }
    }
    return answer;
  }

  #descriptors(file: ProtoFile | undefined): Buffer {
    if (file === undefined) return failure(grpcCode.notFound, 'no such file or symbol here');
    return bytesField(4, Buffer.concat([...this.#withImports(file)].map((each) => bytesField(1, each.bytes))));
  }

  #withImports(file: ProtoFile, seen = new Set<ProtoFile>()): Set<ProtoFile> {
    if (seen.has(file)) return seen;
    seen.add(file);
    for (const name of file.dependencies) {
      const dependency = this.#files.get(name);
      if (dependency !== undefined) this.#withImports(dependency, seen);
    }
    return seen;
  }
}

function failure(code: number, message: string): Buffer {
  return bytesField(7, Buffer.concat([varintField(1, code), bytesField(2, message)]));
}

function readFile(bytes: Buffer): ProtoFile {
  const [packageName = ''] = texts(bytes, filePackage);
  const within = (name: string) => (packageName === '' ? name : `${packageName}.${name}`);
  const nameOf = (element: Buffer) => texts(element, 1)[0] ?? '';
  const services = fieldsOf(bytes, fileService).map((element) => within(nameOf(element)));
  const methods = fieldsOf(bytes, fileService).flatMap((service) =>
    fieldsOf(service, serviceMethod).map((method) => `${within(nameOf(service))}.${nameOf(method)}`),
  );
  const messages = fieldsOf(bytes, fileMessage).map((element) => within(nameOf(element)));
  return {
    name: texts(bytes, fileName)[0] ?? '',
    bytes,
    dependencies: texts(bytes, fileDependency),
    services,
    symbols: [...services, ...methods, ...messages],
  };
}

function fieldsOf(message: Buffer, field: number): Buffer[] {
  const reader = new FieldReader(message);
  const found: Buffer[] = [];
  while (reader.next()) {
    if (reader.is(field, wireType.bytes)) found.push(reader.raw());
    else reader.skip();
  }
  return found;
}

function texts(message: Buffer, field: number): string[] {
  return fieldsOf(message, field).map((each) => each.toString());
}
