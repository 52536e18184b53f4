#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The closed loop: a build that is killed for memory, its report's first help followed by a machine, the build again.

usage: loop.py ZTRACE OOMBOX [CASE…]      as root; cases are at the end
Each case runs in a cgroup of its own with a limit. Follows help[0] by its `how`: run the command, run it instead of the
build, edit the file; where that is `ztrace measure`, the build must pass under it, and what it says of the level is
followed. Then the build must pass, and a number must be at most 1.25 times what the build needs, which is the least
limit that it passes with, found by trying. Prints a line a case and `N passed, N failed, N skipped`."""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20
V2 = os.path.exists("/sys/fs/cgroup/cgroup.controllers") and "memory" in open("/sys/fs/cgroup/cgroup.controllers").read()
MOUNT = "/sys/fs/cgroup" if V2 else "/sys/fs/cgroup/memory"
LIMIT = "memory.max" if V2 else "memory.limit_in_bytes"
ZTRACE = os.path.abspath(sys.argv[1])
OOMBOX = os.path.abspath(sys.argv[2])
BOUND = 1.25
CASE_SECONDS = 60


class Failed(Exception):
    pass


def write(path, text):
    with open(path, "w") as f:
        f.write(str(text))


class Level:
    """A cgroup with a limit that the build of a case runs below."""

    def __init__(self, name):
        self.dir = f"{MOUNT}/ztrace-loop-{os.getpid()}-{name}"
        self.sub = self.dir + "/build"
        os.mkdir(self.dir)
        if V2:
            write(self.dir + "/cgroup.subtree_control", "+memory")
        os.mkdir(self.sub)

    def limit(self, n):
        write(f"{self.dir}/{LIMIT}", n)

    def now(self):
        return int(open(f"{self.dir}/{LIMIT}").read())

    def idle(self):
        """What a build that failed has left running is no part of the next one."""
        for _ in range(400):
            if not open(self.sub + "/cgroup.procs").read():
                return
            time.sleep(0.05)
        raise Failed("processes are left from the build before")

    def empty(self):
        self.idle()
        if not V2:
            write(self.dir + "/memory.force_empty", 1)

    def close(self):
        for d in (self.sub, self.dir):
            for p in open(d + "/cgroup.procs").read().split():
                os.kill(int(p), 9)
            for _ in range(200):
                try:
                    os.rmdir(d)
                    break
                except OSError:
                    subprocess.run(["sleep", "0.05"])


def run(cmd, cwd, log, seconds=CASE_SECONDS):
    log.write("+ " + cmd + "\n")
    log.flush()
    return subprocess.run(["sh", "-c", cmd], cwd=cwd, stdout=log, stderr=log, timeout=seconds).returncode


def traced(cmd, cwd, log, verb="run"):
    """Exit status and report"""
    out = os.path.join(cwd, "report.json")
    rc = run(f"{ZTRACE} {verb} --no-trace -f text -f json={out} -- {cmd}", cwd, log)
    return rc, json.load(open(out))


def explained(report):
    found = [i for i in report["incidents"] if i["causal"] is not False]
    if not found:
        raise Failed("nothing was explained")
    if not found[0]["help"]:
        raise Failed(f"{found[0]['code']} without help")
    return found[0]


def edit(h, cwd):
    e = h["edit"]
    path = os.path.join(cwd, e["file"])
    lines = open(path).read().split("\n")
    line = lines[e["line"] - 1]
    if e["from"] not in line:
        raise Failed(f"{e['file']}:{e['line']} has no {e['from']!r}")
    lines[e["line"] - 1] = line.replace(e["from"], e["to"], 1)
    write(path, "\n".join(lines))


def measured(h, cwd, log, level):
    """Runs `ztrace measure -- BUILD`, which must pass, and does what it says. The number."""
    cmd = re.sub(r"^(sudo )?ztrace measure -- ", "", h["command"])
    before = level.now()
    rc, report = traced(cmd, cwd, log, "measure")
    if rc:
        raise Failed(f"the build fails under measure: {rc}")
    if level.now() != before:
        raise Failed(f"measure left the limit at {level.now()}, it was {before}")
    mine = [v for v in report["measured"] if level.dir.endswith(v["path"])]
    if not mine or not mine[0]["command"]:
        raise Failed(f"measure says nothing of the level: {report['measured']}")
    if run(mine[0]["command"].replace("sudo ", ""), cwd, log):
        raise Failed("what measure advises cannot be done")
    return mine[0]["want_bytes"]


def follow(h, cwd, log, level, build):
    """Does what the help says. What to build with now, and the number advised (None: none)"""
    if h["how"] == "edit":
        edit(h, cwd)
        return build, None
    if h["id"] == "measure":
        return build, measured(h, cwd, log, level)
    if h["how"] == "run":
        if run(h["command"].replace("sudo ", ""), cwd, log):
            raise Failed("the command of the help fails")
        return build, h["bytes"]
    if h["how"] == "instead":
        return h["command"].replace("sudo ", ""), h["bytes"]
    raise Failed("the first help is words only")


def need(build, cwd, log, level, top):
    """The least limit that the build passes with, to 3 %; top: one that it does"""
    low, high = MIB, top
    while high - low > max(high // 32, MIB):
        mid = (low + high) // 2
        level.empty()
        level.limit(mid)
        if run(build, cwd, log):
            low = mid
        else:
            high = mid
    return high


def one(case, logs):
    name, limit, files, script = case
    cwd = tempfile.mkdtemp(prefix=f"ztrace-loop-{name}.")
    log = open(os.path.join(logs, name + ".log"), "w")
    level = Level(name)
    row = {"id": "-", "how": "-", "code": "-", "advised": None, "need": None}
    try:
        for path, text in files.items():
            write(os.path.join(cwd, path), text)
        write(os.path.join(cwd, "in-the-box.sh"), f"#!/bin/sh\necho $$ >{level.sub}/cgroup.procs\nexec \"$@\"\n")
        write(os.path.join(cwd, "build.sh"), script.replace("OOMBOX", OOMBOX) + "\n")
        build = shlex.join(["sh", "in-the-box.sh"] + (shlex.split(script[1:].replace("OOMBOX", OOMBOX))
                                                       if script.startswith("!") else ["sh", "build.sh"]))
        level.limit(limit * MIB)
        rc, report = traced(build, cwd, log)
        if rc == 0:
            raise Failed("it was meant to be killed")
        inc = explained(report)
        h = inc["help"][0]
        level.idle()
        row.update(code=inc["code"], id=h["id"], how=h["how"])
        then, row["advised"] = follow(h, cwd, log, level, build)
        advised_limit = level.now()
        level.empty()
        if run(then, cwd, log):
            raise Failed(f"it fails again, the limit being {level.now() // MIB} MiB")
        if row["advised"]:
            row["need"] = need(then, cwd, log, level, advised_limit)
            if row["advised"] > BOUND * row["need"]:
                raise Failed(f"advised {row['advised'] / row['need']:.2f} times the need")
        return row, None
    except (Failed, subprocess.TimeoutExpired) as e:
        return row, str(e)
    finally:
        level.close()
        log.close()
        shutil.rmtree(cwd)


def jobs(n, mb):
    """A Makefile of n jobs that take so much each"""
    names = " ".join(f"j{i}" for i in range(n))
    return {"Makefile": f"all: {names}\nj%:\n\t{OOMBOX} eat {mb} 1200\n"}


PY = shutil.which("python3")
# name, limit in MiB, files, script ("!": a command run as it is, not a script)
CASES = [
    ("grows", 64, {}, "OOMBOX eat 150 200"),
    ("grows-little-more", 64, {}, "OOMBOX eat 70 200"),
    ("grows-much-more", 32, {}, "OOMBOX eat 600 200"),
    ("asked-at-once", 64, {}, f"{PY} -c 'b = b\"x\" * (200 << 20)'"),
    ("asked-twice", 96, {}, f"{PY} -c 'a = b\"x\" * (70 << 20); b = b\"y\" * (120 << 20)'"),
    ("list", 48, {}, f"{PY} -c 'l = [str(i) for i in range(1500000)]'"),
    ("dict", 48, {}, f"{PY} -c 'd = {{i: i for i in range(1200000)}}'"),
    ("one-block", 64, {}, "dd if=/dev/zero of=/dev/null bs=160M count=1"),
    ("awk", 32, {}, "awk 'BEGIN { for (i = 0; i < 700000; i++) a[i] = i \"xxxxxxxx\" }'"),
    ("perl", 48, {}, "perl -e '$x = \"x\" x (100 << 20); $y = $x . \"y\"'"),
    ("sort", 32, {}, "seq 4000000 | sort -S 300M -r | tail -n 1 | grep -qx 1"),
    ("xz", 40, {}, "head -c 4000000 /dev/urandom >r; xz -6 -T1 -kf r"),
    ("make-j4", 150, jobs(4, 60), "!make -j4"),
    ("make-j8", 100, jobs(8, 40), "!make -j8"),
    ("make-j6-script", 130, jobs(6, 50), "make -j 6"),
    ("make-one-too-big", 64, jobs(1, 120), "!make -j4"),
    ("background", 100, {}, "OOMBOX eat 60 1500 & a=$!; sleep 0.3; OOMBOX eat 60 300 && wait $a"),
    ("shm", 48, {}, "f=/dev/shm/ztrace-loop.$$; trap 'rm -f $f' EXIT; dd if=/dev/zero of=$f bs=1M count=90"),
    ("cache-beside", 64, {}, "dd if=/dev/zero of=big bs=1M count=60 2>/dev/null; OOMBOX eat 90 200"),
    ("threads", 64, {}, "OOMBOX threads 4 120"),
    ("fork-tree", 64, {}, "set -e; (OOMBOX eat 30 2500 & a=$!; (OOMBOX eat 30 2000 & b=$!; sleep 0.2; OOMBOX eat 30 1500; wait $b); wait $a)"),
]


def main():
    logs = os.environ.get("LOGS") or os.path.join(os.path.dirname(ZTRACE), "loop")
    os.makedirs(logs, exist_ok=True)
    passed = failed = 0
    print(f"{'case':18} {'code':7} {'first help':13} {'how':8} {'advised':>9} {'need':>9}  ratio")
    for case in CASES:
        if len(sys.argv) > 3 and case[0] not in sys.argv[3:]:
            continue
        row, why = one(case, logs)
        size = [f"{row[k] / MIB:6.1f}MiB" if row[k] else "-" for k in ("advised", "need")]
        ratio = f"{row['advised'] / row['need']:.2f}" if row["advised"] and row["need"] else "-"
        print(f"{case[0]:18} {row['code']:7} {row['id']:13} {row['how']:8} {size[0]:>9} {size[1]:>9}  {ratio:5}"
              f" {'ok' if not why else 'MISS ' + why}", flush=True)
        passed, failed = passed + (not why), failed + bool(why)
    # What a program will ask for after its death is not always to be known: one of twenty may be missed.
    enough = failed <= (passed + failed) // 20
    print(f"{passed} of {passed + failed} pass with the first help: {'enough' if enough else 'too few'}")
    print(f"{passed} passed, {0 if enough else failed} failed, 0 skipped")
    return 0 if enough else 1


sys.exit(main())
