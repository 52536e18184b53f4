#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Writes user/base/width_table.h from this Python's Unicode database: tools/gen-width.py > user/base/width_table.h"""
import sys
import unicodedata as u


def cls(c):
    ch = chr(c)
    if 0xD800 <= c <= 0xDFFF:
        return "hidden"
    if u.category(ch) in ("Cc", "Cf", "Zl", "Zp") or c & 0xFFFE == 0xFFFE or 0xFDD0 <= c <= 0xFDEF:
        return "hidden"
    # Not Cf, yet drawn as nothing: fillers, variation selectors, the grapheme joiner, tags.
    if c in (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0) or 0xFE00 <= c <= 0xFE0F \
            or 0x180B <= c <= 0x180F or 0xE0000 <= c <= 0xE0FFF:
        return "hidden"
    if u.category(ch) in ("Mn", "Me") or 0x1160 <= c <= 0x11FF or 0xD7B0 <= c <= 0xD7FF:
        return "combining"
    # Unassigned code points of the ideographic planes and blocks are wide too (UAX #11).
    # (Python says F of every unassigned one.)
    if u.category(ch) != "Cn" and u.east_asian_width(ch) in "WF" or 0x20000 <= c <= 0x2FFFD or 0x30000 <= c <= 0x3FFFD \
            or u.category(ch) == "Cn" and (0x3400 <= c <= 0x4DBF or 0x4E00 <= c <= 0x9FFF or 0xF900 <= c <= 0xFAFF):
        return "wide"
    return "narrow"


runs = []
for c in range(0x110000):
    k = cls(c)
    # An unassigned gap between two ranges of one class makes one range of them.
    if runs and runs[-1][2] == k:
        runs[-1][1] = c
    else:
        runs.append([c, c, k])
merged = []
for r in runs:
    gap = len(merged) > 1 and merged[-1][2] == "narrow" and merged[-2][2] == r[2] and r[2] != "hidden" \
        and all(u.category(chr(c)) == "Cn" for c in range(merged[-1][0], merged[-1][1] + 1))
    if gap:
        merged.pop()
        merged[-1][1] = r[1]
    else:
        merged.append(r)

print("/* SPDX-License-Identifier: GPL-2.0 */")
print(f"/* Made by tools/gen-width.py from Unicode {u.unidata_version}: first and last code point of each range. */")
print("#ifndef BASE_WIDTH_TABLE_H\n#define BASE_WIDTH_TABLE_H\n\n#include <stdint.h>")
for k in ("hidden", "combining", "wide"):
    print(f"\nstatic const uint32_t {k}_ranges[][2] = {{")
    line = "\t"
    for a, b, kk in merged:
        if kk != k:
            continue
        item = f"{{0x{a:04x}, 0x{b:04x}}}, "
        if len(line) + 7 + len(item) > 100:
            print(line.rstrip())
            line = "\t"
        line += item
    print(line.rstrip() + "\n};")
print("\n#endif")
