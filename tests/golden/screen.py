#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Does a text report keep the promise: at most 80 columns, at most 20 lines an incident, nothing hostile, and one
language (a Chinese label is not followed by a sentence that has no Chinese)?"""
import re
import sys
import unicodedata

bad = []


def check(path):
    text = open(path, encoding="utf-8").read()
    for n, line in enumerate(text.split("\n"), 1):
        width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in line)
        if width > 80:
            bad.append(f"{path}: line {n}: {width} columns: {line}")
        if any(unicodedata.category(c) in ("Cc", "Cf") for c in line):
            bad.append(f"{path}: line {n}: control or format character: {line!r}")
    for label, said in re.findall(r"^((?:错误|说明|建议|依据)\S*?：)(.*)$", text, re.M):
        if not re.search(r"[\u4e00-\u9fff]", said):
            bad.append(f"{path}: not translated: {label}{said}")
    starts = [m.start() for m in re.finditer(r"^[^\s=|]+\[ZT\d{4}\]", text, re.M)] + [len(text)]
    for a, b in zip(starts, starts[1:]):
        lines = text[a:b].rstrip("\n").split("\n\n")[0].count("\n") + 1
        if lines > 20:
            bad.append(f"{path}: an incident of {lines} lines: {text[a:a + 70]!r}")


for path in sys.argv[1:]:
    check(path)
print("\n".join(bad), end="\n" if bad else "")
sys.exit(bool(bad))
