#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""storm_check.py REPORT.json DIR KILLS: is every kill in the step that its victim says it was in?"""
import json
import sys
from collections import Counter

report, top, kills = json.load(open(sys.argv[1])), sys.argv[2], int(sys.argv[3])


def run_lines(path):
    """Line of each RUN, in order."""
    return [n for n, line in enumerate(open(path), 1) if line.startswith("RUN ")]


steps = {s["id"]: (b, s) for b in report["builds"] for s in b["steps"] if s["id"]}
said, victims, wrong = Counter(), set(), []
for i in report["incidents"]:
    b, s = steps.get(i["step"], (None, None))
    for v in i["victims"]:
        if v["comm"] != "oombox" or v["pid"] in victims:
            continue
        victims.add(v["pid"])
        where = int(v["argv"][3])
        build, nr = divmod(where, 100)
        truth = (f"b{build}/Dockerfile", run_lines(f"{top}/b{build}/Dockerfile")[nr])
        got = (b["dockerfile"], s["line"]) if s else None
        sure = s["confidence"] if s else "none"
        said[sure, got == truth] += 1
        if got != truth and (sure == "confirmed" or not any("text" in n or "same" in n for n in i["notes"])):
            wrong.append(f"{i['code']} pid {v['pid']}: said {got} ({sure}), was {truth}; notes {i['notes']}")
print(f"{len(victims)} victims:", ", ".join(f"{n} {sure} {'right' if ok else 'wrong'}" for (sure, ok), n in sorted(said.items())))
for w in wrong:
    print("WRONG", w)
if len(victims) != kills:
    sys.exit(f"{len(victims)} victims, {kills} eaters were killed")
if wrong:
    sys.exit(f"{len(wrong)} wrong answers")
# how many texts are equal is left to chance; a tracer that is sure of nothing would pass all of the above
if said["confirmed", True] * 2 < kills:
    sys.exit("less than half are confirmed")
