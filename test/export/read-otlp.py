"""Reads OTLP logs by OpenTelemetry's own messages: requests in protocol buffers behind their lengths, or JSON lines; a request a line as JSON."""

import base64
import struct
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest


def in_protobuf(octets):
    while octets:
        (length,) = struct.unpack(">I", octets[:4])
        yield ExportLogsServiceRequest.FromString(octets[4 : 4 + length])
        octets = octets[4 + length :]


def in_json(octets):
    for line in octets.split(b"\n")[:-1]:
        # OTLP writes ids in hexadecimal, where protocol buffers have base64: the same octets.
        yield json_format.Parse(line, ExportLogsServiceRequest())


octets = sys.stdin.buffer.read()
for request in in_protobuf(octets) if sys.argv[1] == "protobuf" else in_json(octets):
    unknown = request.ByteSize() - len(ExportLogsServiceRequest.FromString(request.SerializeToString()).SerializeToString())
    assert unknown == 0
    print(json_format.MessageToJson(request, indent=None))
