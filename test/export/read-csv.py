"""Reads CSV of RFC 4180 by Python's own reader: a row a line, as JSON."""

import csv
import io
import json
import sys

text = sys.stdin.buffer.read().decode("utf-8")
for row in csv.reader(io.StringIO(text, newline=""), strict=True):
    print(json.dumps(row))
