#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""scrape.py FILE.prom FILE.json: a real node_exporter reads FILE.prom as a textfile, a real Prometheus scrapes it.

Every series must arrive with its labels and its value. Ends with its counts.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

passed = failed = 0


def check(what, good, why=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    print(f"ok   {what}" if good else f"FAIL {what}: {why}", flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(url):
    with urllib.request.urlopen(url, timeout=10) as r:
        return r.read().decode()


def wait_for(fn, seconds=60):
    until = time.monotonic() + seconds
    while True:
        try:
            if found := fn():
                return found
        except OSError:
            pass
        if time.monotonic() > until:
            return None
        time.sleep(0.3)


def unescape(value):
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], value)


def series(text):
    """{(name, labels): value} of a text file, by the format's own rules."""
    found = {}
    for line in text.splitlines():
        m = re.fullmatch(r'([a-z_]+)(?:\{(.*)\})? (\d+)', line)
        if not line.startswith("#"):
            labels = re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', m[2] or "")
            found[m[1], tuple(sorted((k, unescape(v)) for k, v in labels))] = int(m[3])
    return found


def main(prom, doc, tmp):
    want = series(open(prom, encoding="utf-8").read())
    services = {b["service"] for b in json.load(open(doc, encoding="utf-8"))["builds"]}
    node, server = free_port(), free_port()
    os.mkdir(f"{tmp}/textfile")
    shutil.copy(prom, f"{tmp}/textfile/ztrace.prom")
    with open(f"{tmp}/prometheus.yml", "w", encoding="utf-8") as f:
        f.write(f"scrape_configs:\n- job_name: node\n  scrape_interval: 1s\n  static_configs:\n"
                f"  - targets: ['127.0.0.1:{node}']\n")
    log = open(f"{tmp}/log", "w+", encoding="utf-8")
    daemons = [subprocess.Popen(c, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=tmp) for c in (
        ["prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile",
         f"--collector.textfile.directory={tmp}/textfile", f"--web.listen-address=127.0.0.1:{node}"],
        ["prometheus", f"--config.file={tmp}/prometheus.yml", f"--storage.tsdb.path={tmp}/data",
         f"--web.listen-address=127.0.0.1:{server}"])]
    try:
        text = wait_for(lambda: get(f"http://127.0.0.1:{node}/metrics")) or ""
        check("prom: node_exporter reads the file", "node_textfile_scrape_error 0" in text and "ztrace_build_info" in text, text[-2000:])
        query = urllib.parse.quote('{__name__=~"ztrace_.*"}')
        answer = wait_for(lambda: json.loads(get(f"http://127.0.0.1:{server}/api/v1/query?query={query}"))["data"]["result"]) or []
        got = {}
        for r in answer:
            labels = {k: v for k, v in r["metric"].items() if k not in ("__name__", "job", "instance")}
            got[r["metric"]["__name__"], tuple(sorted(labels.items()))] = int(float(r["value"][1]))
        # Prometheus leaves out labels without a value
        want = {(n, tuple(kv for kv in labels if kv[1])): v for (n, labels), v in want.items()}
        check(f"prom: a Prometheus has every series as it was written ({len(got)})", len(got) > 10 and got == want,
              f"{got.items() ^ want.items()}")
        seen = {dict(labels).get("service", "") for _, labels in got}
        check("prom: services are told apart", len({s for s in seen if s}) == len({s for s in services if s}), seen)
    finally:
        for d in daemons:
            d.terminate()
        for d in daemons:
            d.wait()
        if failed:
            log.seek(0)
            print(log.read()[-3000:])


with tempfile.TemporaryDirectory() as where:
    main(sys.argv[1], sys.argv[2], where)
print(f"{passed} passed, {failed} failed, 0 skipped")
sys.exit(bool(failed))
