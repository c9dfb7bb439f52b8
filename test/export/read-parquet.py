"""Reads a Parquet file by pyarrow and by DuckDB; prints what each of them found, as JSON."""

import json
import sys

import duckdb
import pyarrow.parquet

file = sys.argv[1]
table = pyarrow.parquet.read_table(file)
rows = table.to_pylist()
print(json.dumps({
    "by": "pyarrow",
    "types": {field.name: str(field.type) for field in table.schema},
    "rows": rows,
    "groups": pyarrow.parquet.ParquetFile(file).num_row_groups,
}, default=lambda value: value.isoformat()))

con = duckdb.connect()
con.execute("SET TimeZone = 'UTC'")
described = con.execute("DESCRIBE SELECT * FROM read_parquet(?)", [file]).fetchall()
span = con.execute("SELECT count(*), min(seq), max(seq), min(epoch_ms(time)), max(epoch_ms(time)) FROM read_parquet(?)", [file]).fetchone()
names = con.execute("SELECT type, len(names), names[1] FROM read_parquet(?) ORDER BY seq LIMIT 2", [file]).fetchall()
print(json.dumps({"by": "duckdb", "types": {name: kind for name, kind, *_ in described}, "span": span, "names": names}))
