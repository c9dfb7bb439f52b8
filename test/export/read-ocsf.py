"""Findings of OCSF, by other people's models: a JSON line for each, with what the model has taken and what it does not know."""
import json
import sys

from py_ocsf_models.events.findings.detection_finding import DetectionFinding

for line in sys.stdin:
    event = json.loads(line)
    try:
        finding = DetectionFinding.model_validate(event)
        known = set(DetectionFinding.model_fields)
        print(json.dumps({"read": json.loads(finding.model_dump_json()), "unknown": sorted(set(event) - known)}))
    except ValueError as problem:
        print(json.dumps({"problem": str(problem)}))
