"""What pySigma makes of rules: its own complaints, queries of other systems, and what those find where they can be run.

stdin: {"rules": [{"yaml", "cases": [[document, ...], ...]}], "splunk": PIPELINE, "elastic": PIPELINE}; a JSON line for each rule.
"""
import json
import sqlite3
import sys

from sigma.backends.elasticsearch import ESQLBackend, LuceneBackend
from sigma.backends.splunk import SplunkBackend
from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma.plugins import InstalledSigmaPlugins
from sigma.processing.pipeline import ProcessingPipeline
from sigma.validation import SigmaValidator


def flat(document, prefix=""):
    for name, value in document.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value if isinstance(value, (int, str)) else json.dumps(value)


def found(query, documents):
    """Rows of a query over documents in a table of SQLite, a column for each field."""
    rows = [dict(flat(each)) for each in documents]
    columns = sorted({name for row in rows for name in row})
    # fields that a rule asks for and no document has
    wanted = [name for name in mentioned if name not in columns]
    database = sqlite3.connect(":memory:")
    names = ", ".join(f'"{name}"' for name in [*columns, *wanted])
    database.execute(f"CREATE TABLE logs (timestamp TEXT, {names})")
    for row in rows:
        values = [row["@timestamp"], *(row.get(name) for name in columns), *(None for _ in wanted)]
        database.execute(f"INSERT INTO logs VALUES ({', '.join('?' * len(values))})", values)
    return len(database.execute(query).fetchall())


asked = json.load(sys.stdin)
mentioned = asked["fields"]
validators = InstalledSigmaPlugins.autodiscover().validators
for rule in asked["rules"]:
    collection = SigmaCollection.from_yaml(rule["yaml"])
    validator = SigmaValidator(set(validators.values()))
    issues = [f"{type(issue).__name__}: {issue}" for issue in validator.validate_rules(collection)]
    query = lambda backend, pipeline: "\n".join(
        backend(processing_pipeline=ProcessingPipeline.from_yaml(pipeline) if pipeline else None).convert(
            SigmaCollection.from_yaml(rule["yaml"])
        )
    )
    counted = "correlation:" in rule["yaml"]
    sql = query(sqliteBackend, None).replace("<TABLE_NAME>", "logs")
    print(
        json.dumps(
            {
                "issues": issues,
                "splunk": query(SplunkBackend, asked["splunk"]),
                "elastic": query(ESQLBackend, asked["elastic"]),
                "lucene": None if counted else query(LuceneBackend, None),
                "found": [found(sql, documents) for documents in rule["cases"]],
            }
        )
    )
