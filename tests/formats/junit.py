#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""junit.py FILE…: as junitparser reads it: cases and results are as many as the sums say, messages are whole."""
import sys

from junitparser import Error, Failure, JUnitXml, Skipped

seen = skipped = 0
for path in sys.argv[1:]:
    xml = JUnitXml.fromfile(path)
    cases = [c for s in xml for c in s]
    results = [r for c in cases for r in c.result]
    want = (xml.tests, xml.failures, xml.errors)
    got = (len(cases), sum(isinstance(r, Failure) for r in results), sum(isinstance(r, Error) for r in results))
    assert want == got, f"{path}: {want} said, {got} there"
    assert all(r.message and (r.type or isinstance(r, Skipped)) for r in results), path
    assert all(s.skipped == sum(isinstance(r, Skipped) for c in s for r in c.result) for s in xml), path
    skipped += sum(isinstance(r, Skipped) for r in results)
    if "/hostile." in path:
        whole = "".join(r.message + (r.text or "") for r in results) + "".join(c.name + c.classname for c in cases)
        assert '<img src=x onerror=alert(2)>]]><!--&lt;' in whole and "@team #1" in whole, whole
    seen += len(results)
assert seen - skipped > 30 and skipped > 10, f"only {seen} results, {skipped} of them skipped"
