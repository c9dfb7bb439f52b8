"""Reads tables of a bucket as a lake does: folders are columns, what begins with an underscore is no data. Words: the
endpoint's scheme, its host, region, access key, secret key, folder; prints what pyarrow and DuckDB found there, as JSON."""

import json
import sys

import duckdb
import pyarrow.dataset
import pyarrow.fs

scheme, host, region, access, secret, folder = sys.argv[1:]
bucket = pyarrow.fs.S3FileSystem(
    scheme=scheme, endpoint_override=host, region=region, access_key=access, secret_key=secret, force_virtual_addressing=False
)
records = pyarrow.dataset.dataset(folder, filesystem=bucket, format="parquet", partitioning="hive")
print(json.dumps({
    "by": "pyarrow",
    "files": [name.removeprefix(folder) for name in records.files],
    "rows": records.count_rows(),
    "of_day": records.count_rows(filter=pyarrow.dataset.field("day") == "2026-11-21"),
    "of_another": records.count_rows(filter=pyarrow.dataset.field("day") == "2026-11-22"),
}))
found = duckdb.sql("SELECT count(DISTINCT seq), min(seq), max(seq), any_value(log_origin), any_value(origin) FROM records").fetchall()
print(json.dumps({"by": "duckdb", "found": found[0]}))
