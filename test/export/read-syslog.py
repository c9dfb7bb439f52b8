"""Reads CEF in messages of RFC 5424 by other people's parsers: a message a line on stdin, what was found as JSON a line."""

import json
import re
import sys

import pycef
from syslog_rfc5424_parser import SyslogMessage

ENDS = {"n": "\n", "r": "\r"}


def plain(value):
    """pycef splits, and leaves escapes as they are."""
    return re.sub(r"\\(.)", lambda found: ENDS.get(found[1], found[1]), value, flags=re.DOTALL)


for line in sys.stdin.buffer.read().split(b"\n")[:-1]:
    message = SyslogMessage.parse(line.decode("utf-8")).as_dict()
    fields = pycef.parse(message["msg"])
    message["cef"] = {name: plain(value) for name, value in fields.items()}
    print(json.dumps(message))
