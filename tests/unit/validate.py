#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""validate.py SCHEMA FILE.json… FILE.jsonl…: every document against the schema, and no key that it does not name.

Exit 0; 1 with what is wrong; 77 when python3-jsonschema is not installed.
"""
import copy
import json
import sys

try:
    import jsonschema
except ImportError:
    sys.exit(77)


def strict(node):
    """Readers ignore unknown keys; our own output must not have any that the schema does not describe."""
    if isinstance(node, dict):
        if "properties" in node and "allOf" not in node:
            node.setdefault("additionalProperties", False)
        for v in node.values():
            strict(v)
    elif isinstance(node, list):
        for v in node:
            strict(v)
    return node


def no_twins(pairs):
    keys = [k for k, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key twice: {keys}"
    return dict(pairs)


def line_schema(schema, kind):
    """A line of jsonl: one of the schema's objects with a "type" (a step also says to whom it belongs)."""
    null_str = {"type": ["string", "null"]}
    top = schema["properties"]
    extra = {"type": {"const": kind}}
    if kind in ("incident", "step", "build"):
        s = copy.deepcopy(schema["$defs"][kind])
        if kind == "step":
            extra |= {"build": null_str, "builder": null_str}
    else:
        keys = {"start": ("format_version", "tool"),
                "end": ("host", "command", "notes", "complete", "events_lost")}[kind]
        may = ("scope",) if kind == "end" else ()
        s = {"type": "object", "properties": {k: top[k] for k in keys + may}, "required": list(keys),
             "additionalProperties": False}
    s["properties"].update(extra)
    s["required"] = s["required"] + list(extra)
    s["$defs"] = schema["$defs"]
    return s


def check(doc, schema, where):
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    bad = [f"{where}: {'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in validator.iter_errors(doc)]
    print(*bad, sep="\n", end="\n" if bad else "", file=sys.stderr)
    return not bad


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    schema = strict(schema)
    ok = True
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as f:
            if not path.endswith(".jsonl"):
                ok &= check(json.load(f, object_pairs_hook=no_twins), schema, path)
                continue
            for n, line in enumerate(f, 1):
                doc = json.loads(line, object_pairs_hook=no_twins)
                ok &= check(doc, line_schema(schema, doc["type"]), f"{path}:{n}")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
