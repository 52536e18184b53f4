#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""hostile.py <trace.zts >hostile.zts: the trace of compose-services, as it would be were its names chosen to do harm.

Names of services, files, cgroups and processes, and the text of a RUN: each holds something for every reader there is.
"""
import json
import sys

ESCAPES = "\x1b[31m\x1b]0;owned\x07\x9b2J\r\b"
BIDI = "\u202egnp\u2066\u200b\ufeff"
COMMANDS = "::set-env name=A::b ##[error]c ##vso[task.complete result=Failed;]d ##teamcity[buildStop comment='e'] %0A::error::f"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>]]><!--&lt;&#0;</error></code></pre></details>"
MARKDOWN = "**b** _i_ `c` [l](javascript:alert(3)) ![p](//x.example/p) | @team #1 :boom: https://x.example www.x.example a@x.example ~~s~~"
LABELS = "\"} 1\\n\\\" a{b=\"c\"} \\"
FORMULA = "=cmd|' /C calc'!A0"
CONTROLS = "".join(map(chr, range(1, 32)))
ALL = " ".join((ESCAPES, BIDI, COMMANDS, MARKUP, MARKDOWN, LABELS, FORMULA, CONTROLS))
# 15 bytes are a process's; the last is no UTF-8
COMM = b'<b>::x##[|"&\x1b\xff'

SERVICES = {"large": ALL, "small": COMMANDS, "worker": MARKUP + LABELS, "web": MARKDOWN + FORMULA}
FILE = "api/" + " ".join((COMMANDS, MARKUP.replace("/", "\\"), BIDI)) + "/Dockerfile"
CGROUP = " ".join((COMMANDS, MARKUP, MARKDOWN, LABELS)).replace("/", "|")
# one line, of a shell that ends on no quote
RUN = " ; : " + " ".join((COMMANDS, MARKUP, MARKDOWN, LABELS, FORMULA, ESCAPES.replace("\r", ""), BIDI)).replace("<<", "<")
TEXT = "oombox eat $MB 1500"


def text(s):
    return s.replace(TEXT, TEXT + RUN).replace("ztrace-e2e-22844", CGROUP).replace("api/Dockerfile", FILE)


def hostile(ev):
    for key, value in list(ev.items()):
        if isinstance(value, str):
            ev[key] = text(value)
        elif key == "argv":
            ev[key] = [text(w) for w in value]
    if ev.get("comm") == "oombox":
        ev["comm_hex"] = COMM.ljust(16, b"\0").hex()
    if ev["kind"] == "service":
        ev["name"] = SERVICES[ev["name"]]
    if ev["kind"] == "file" and "bytes" in ev:
        ev["total_bytes"] = len(ev["bytes"].encode())
    for size in {"argv_bytes", "argv_total_bytes"} & ev.keys():
        ev[size] = sum(len(w.encode()) + 1 for w in ev["argv"])
    return ev


print("# compose, made from compose-services by tests/formats/hostile.py: every name was chosen to do harm")
for line in sys.stdin:
    if not line.startswith("#"):
        print(json.dumps(hostile(json.loads(line)), ensure_ascii=True, separators=(",", ":")))
