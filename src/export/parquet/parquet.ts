import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { Encoding, Exported, Format } from '../format.ts';
import { type Column, parquetColumns, valueIn } from './columns.ts';

/** Records of one row group: what is in memory at a time, some 20 MB. */
const groupSize = 16_384;

type Schema = ConstructorParameters<typeof ParquetWriter>[0]['schema'];

const optional = 'OPTIONAL';

function schemaOf({ to: name, type }: Column): Schema {
  switch (type) {
    case 'STRING':
      return [{ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: optional }];
    case 'INT64':
      return [{ name, type: 'INT64', repetition_type: optional }];
    case 'TIMESTAMP':
      return [{ name, type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: optional }];
    case 'BOOLEAN':
      return [{ name, type: 'BOOLEAN', repetition_type: optional }];
    case 'STRINGS':
      return [
        { name, converted_type: 'LIST', repetition_type: optional, num_children: 1 },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: optional },
      ];
  }
}

const schema: Schema = [{ name: 'record', num_children: parquetColumns.length }, ...parquetColumns.flatMap(schemaOf)];

/** One file: groups of rows as they fill, and where they are at its end. */
class ParquetFile implements Encoding {
  readonly head: Uint8Array;
  readonly #octets = new ByteWriter();
  readonly #writer = new ParquetWriter({ writer: this.#octets, schema, createdBy: 'countersign' });
  readonly #columns = parquetColumns.map((column) => ({ column, values: [] as unknown[] }));
  #rows = 0;

  constructor() {
    this.head = this.#take();
  }

  add(record: Exported): Uint8Array {
    for (const { column, values } of this.#columns) values.push(valueIn(column, record));
    this.#rows++;
    if (this.#rows === groupSize) this.#writeGroup();
    return this.#take();
  }

  end(): Uint8Array {
    if (this.#rows > 0) this.#writeGroup();
    this.#writer.finish();
    return this.#take();
  }

  #writeGroup(): void {
    this.#writer.write({
      columnData: this.#columns.map(({ column, values }) => ({ name: column.to, data: values, offsetIndex: false })),
      rowGroupSize: groupSize,
    });
    for (const { values } of this.#columns) values.length = 0;
    this.#rows = 0;
  }

  /** What was written since; the writer goes on counting from the beginning of the file. */
  #take(): Uint8Array {
    const octets = Uint8Array.from(this.#octets.getBytes());
    this.#octets.index = 0;
    return octets;
  }
}

/** Tables for whoever asks with SQL. The list of row groups is the file's end, so that one that is interrupted begins anew. */
export const parquet: Format = {
  about: 'Parquet: a table with typed columns, and the whole record as text',
  mapping: 1,
  holdsEntries: false,
  takes: () => true,
  open: () => new ParquetFile(),
};
