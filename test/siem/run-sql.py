"""Runs queries of SQL by DuckDB, in the folder that is the first word; prints the rows of each as a line of JSON."""

import json
import os
import sys

import duckdb

os.chdir(sys.argv[1])
con = duckdb.connect()
con.execute("SET TimeZone = 'UTC'")
for query in json.load(sys.stdin):
    inner = query.strip().rstrip(";")
    rows = con.execute(f"SELECT CAST(to_json(found) AS VARCHAR) FROM ({inner}) AS found").fetchall()
    print("[" + ", ".join(row[0] for row in rows) + "]")
