#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Drives builds, kills and a daemon for some time, then compares what each says. See run.
soak.py --check DIR: once more, of a run that was kept."""
import argparse
import glob
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

KINDS = {  # name: (Dockerfile's RUN, build arguments)
    "ok": ("oombox eat 10 && oombox spawn 50", {}),
    "oom": ("oombox spawn 20; oombox eat 400", {}),
    "jstorm": ("oombox jstorm 3 150 200", {}),
    "exit2": ("oombox exit 2", {}),
    "storm": ("oombox spawn 1500", {}),
    "cancel": ("sleep 20", {}),
    "legacy": ("oombox eat 5 && oombox exit 3", {"DOCKER_BUILDKIT": "0"}),
}


WARM_UP_S = 240  # of a life, before its memory has to be flat


class Daemon:
    """Its lives: what it said of itself, and when it was there."""

    def __init__(self, a):
        self.a = a
        self.state = os.path.join(a.dir, "state")
        self.conf = os.path.join(a.dir, "config")
        self.sock = os.path.join(a.dir, "metrics")
        self.log = open(os.path.join(a.dir, "daemon.log"), "a")
        self.lives = []
        with open(self.conf, "w") as f:
            f.write("keep = 100000\nkeep-bytes = 20G\n")

    def start(self):
        mark = os.path.getsize(self.log.name)
        before = oom_kills()
        p = subprocess.Popen([self.a.ztrace, "daemon", "-v", "--state-dir", self.state, "--config", self.conf,
                              "--metrics-listen", "unix:" + self.sock], stderr=self.log)
        while "watching; " not in open(self.log.name).read()[mark:]:
            if p.poll() is not None:
                sys.exit("soak: the daemon does not start, see " + self.log.name)
            time.sleep(0.1)
        self.proc = p
        self.lives.append({"pid": p.pid, "from": time.time(), "kills_from": [before, oom_kills()], "rss": []})

    def metrics(self):
        out = subprocess.run(["curl", "-s", "-m", "5", "--unix-socket", self.sock, "http://x/metrics"],
                             capture_output=True, text=True).stdout
        return {m[1]: float(m[2]) for m in re.finditer(r"^(ztrace_\S+) ([\d.]+)$", out, re.M)}

    def sample(self):
        text = open("/proc/%d/status" % self.proc.pid).read()
        rss = int(re.search(r"VmRSS:\s+(\d+)", text)[1])
        fds = len(os.listdir("/proc/%d/fd" % self.proc.pid))
        m = self.metrics()
        self.lives[-1]["rss"].append((time.time(), rss, fds, m.get("ztrace_jobs", 0), m.get("ztrace_behind_seconds", 0)))

    def count(self):
        """Kills as the kernel counts them before and after the daemon has published its own count"""
        life = self.lives[-1]
        before = oom_kills()
        time.sleep(1.5)
        m = self.metrics()
        life["kernel"] = [before - life["kills_from"][1], oom_kills() - life["kills_from"][0]]
        life["counted"] = sum(v for k, v in m.items() if k.startswith("ztrace_oom_kills_total"))
        life["lost"] = {k: v for k, v in m.items() if k.startswith("ztrace_events_lost_total") and v}
        life["metrics"] = m

    def stop(self, sig):
        if sig == signal.SIGTERM:
            self.count()
        self.lives[-1]["until"] = time.time()
        self.lives[-1]["end"] = signal.Signals(sig).name
        t = time.time()
        self.proc.send_signal(sig)
        try:
            self.lives[-1]["status"] = self.proc.wait(60)
        except subprocess.TimeoutExpired:  # what it did until then is compared all the same
            self.proc.kill()
            self.proc.wait()
            self.lives[-1]["status"] = "hung"
        self.lives[-1]["stop_s"] = round(time.time() - t, 2)


def oom_kills():
    return int(re.search(r"^oom_kill (\d+)", open("/proc/vmstat").read(), re.M)[1])


class Builder(threading.Thread):
    def __init__(self, a, nr, stop, done):
        super().__init__()
        self.a, self.nr, self.over, self.done = a, nr, stop, done
        self.rnd = random.Random(nr)

    def run(self):
        n = 0
        while not self.over.is_set():
            n += 1
            kind = self.rnd.choice(list(KINDS))
            self.build(kind, "soak:w%d-%d-%s" % (self.nr, n, kind))

    def build(self, kind, tag):
        run, env = KINDS[kind]
        ctx = os.path.join(self.a.dir, "ctx", "w%d" % self.nr)
        os.makedirs(ctx, exist_ok=True)
        with open(os.path.join(ctx, "Dockerfile"), "w") as f:
            f.write("FROM base:1\nRUN echo %s\nRUN %s\n" % (tag, run))
        args = ["docker", "build", "--network=none", "--no-cache"]
        e = dict(os.environ, DOCKER_BUILDKIT="1", **{})
        e.update(env)
        if e["DOCKER_BUILDKIT"] == "1":
            args.append("--progress=plain")
        rec = {"tag": tag, "kind": kind, "from": time.time()}
        p = subprocess.Popen(args + ["-t", tag, ctx], env=e, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        rec["pid"] = p.pid
        if kind == "cancel":
            time.sleep(1.5)
            p.send_signal(signal.SIGINT)
        rec["out"] = p.communicate()[0][-3000:]
        rec["status"] = p.returncode
        rec["until"] = time.time()
        self.done.append(rec)


class Loose(threading.Thread):
    """Kills that are no build's"""

    def __init__(self, a, stop, done):
        super().__init__()
        self.a, self.over, self.done = a, stop, done

    def run(self):
        while not self.over.wait(20):
            rec = {"from": time.time()}
            p = subprocess.run([self.a.oombox, "lab", "own"], capture_output=True, text=True)
            rec.update(until=time.time(), out=p.stdout.strip(), status=p.returncode)
            self.done.append(rec)


def reports(state):
    for path in sorted(glob.glob(state + "/*-d*.json")):
        yield path, json.load(open(path))


def within(rec, life, margin=0.5):
    return life["from"] + margin < rec["from"] and rec["until"] < life["until"] - margin


def tag_of(build):
    argv = (build["client"] or {}).get("argv") or []
    return argv[argv.index("-t") + 1] if "-t" in argv[:-1] else None


def compare(state, lives, builds, loose, kmsg):
    """What is wrong, one line each"""
    wrong, by_tag, victims = [], {}, {}
    n = 0
    for path, j in reports(state):
        n += 1
        name = os.path.basename(path)
        for suffix in (".txt", ".zt"):
            if not os.path.exists(path[:-5] + suffix):
                wrong.append("%s has no %s" % (name, suffix))
        for b in j["builds"] if j.get("scope") else []:  # kills that are no build's are told with all that was there
            if tag_of(b):
                by_tag.setdefault(tag_of(b), []).append((name, j, b))
        for i in j["incidents"]:
            for v in i["victims"]:
                victims.setdefault(v["pid"], []).append((name, i["code"]))
    complete = shared = 0
    for b in builds:
        got = by_tag.get(b["tag"], [])
        whole = any(within(b, x) for x in lives)
        if not got and whole:
            wrong.append("%s (pid %d, status %d) has no trace" % (b["tag"], b["pid"], b["status"]))
        if not whole or not got:
            continue
        complete += 1
        name, j, told = got[-1]
        shared += not j["command"] or len(j["builds"]) > 1
        client = told["client"]
        status = client["exit_code"] if client["signal"] is None else -client["signal"]
        if status != b["status"]:
            wrong.append("%s exited with %s, %s says %s" % (b["tag"], b["status"], name, status))
        if not j["complete"]:
            wrong.append("%s: the trace of a build that nothing interrupted is incomplete (%s)" % (b["tag"], name))
        steps = [s for g in got for s in g[2]["steps"] if b["tag"] in (s["instruction"] or "")]
        if not steps and ("echo " + b["tag"]) in b["out"] and b["kind"] != "cancel":
            wrong.append("%s: its first step is in no report (%s)" % (b["tag"], name))
    told = missing = 0
    for k in kmsg:
        life = [x for x in lives if x["from"] + 0.5 < k["time"] < x["until"] - 0.5]
        if not life:
            continue
        if any(c.startswith("ZT10") for _, c in victims.get(k["pid"], [])):
            told += 1
        else:
            missing += 1
            wrong.append("the kernel killed %d in %s at %s, and no report says so" % (k["pid"], k["memcg"],
                         time.strftime("%T", time.gmtime(k["time"]))))
    for x in lives:
        if x["status"] == "hung":
            wrong.append("life %d did not end when told to" % x["pid"])
        if "kernel" in x and not x["kernel"][0] <= x["counted"] <= x["kernel"][1]:
            wrong.append("life %d: the kernel counts %d to %d OOM kills, ztrace %d" % (x["pid"], *x["kernel"], x["counted"]))
        if x.get("lost"):
            wrong.append("life %d lost events: %s" % (x["pid"], x["lost"]))
    for l in loose:
        m = re.search(r"victim=(\d+)", l["out"])
        if m and any(within(l, x) for x in lives) and int(m[1]) not in victims:
            wrong.append("the lab's victim %s is in no report" % m[1])
    print("reports %d; builds %d, of which %d lie in one life of the daemon and were compared (%d told of with others)" % (
        n, len(builds), complete, shared))
    print("kills in the kernel's log while the daemon was there: %d told, %d missing" % (told, missing))
    return wrong


def slope(points):
    """Theil and Sen: the median of all slopes, which a burst does not move"""
    s = sorted((y - v) / (x - u) for n, (x, y) in enumerate(points) for u, v in points[:n])
    return s[len(s) // 2]


def floor(rss):
    """What each half minute's samples seldom lie below: what a burst takes has been given back then"""
    parts = {}
    for r in rss:
        parts.setdefault(int(r[0]) // 30, []).append(r[1])
    return [(30 * t, sorted(v)[len(v) // 4]) for t, v in sorted(parts.items())]


def memory(lives, wrong):
    for x in lives:
        r = x["rss"]
        line = "life %d: %5.0f s, ended by %s in %s s (status %s), kills kernel %s ztrace %s" % (
            x["pid"], x["until"] - x["from"], x["end"], x["stop_s"], x["status"], x.get("kernel", "-"), x.get("counted", "-"))
        if r:
            line += "; RSS %.1f to %.1f MiB, fds %d to %d, jobs at most %d, behind at most %.3f s" % (
                min(v[1] for v in r) / 1024, max(v[1] for v in r) / 1024, min(v[2] for v in r), max(v[2] for v in r),
                max(v[3] for v in r), max(v[4] for v in r))
        warm = floor([v for v in r if v[0] > x["from"] + WARM_UP_S])
        if len(warm) > 8:
            hour = slope(warm) * 3600
            grown = slope(warm) * (warm[-1][0] - warm[0][0])
            line += "; floor %.1f, then %.1f MiB, slope %+.2f MiB an hour" % (warm[0][1] / 1024, warm[-1][1] / 1024, hour / 1024)
            if grown > 1024 and grown > warm[0][1] * 0.05:
                wrong.append("life %d: memory grows by %.1f MiB an hour" % (x["pid"], hour / 1024))
        print(line)


def read_kmsg(path, offset):
    out = []
    for line in open(path, errors="replace"):
        m = re.match(r"\[\s*([\d.]+)\].*oom-kill:.*task_memcg=([^,]*),.*,pid=(\d+),uid", line)
        if m:
            out.append({"time": float(m[1]) + offset, "memcg": m[2], "pid": int(m[3])})
    return out


def main():
    p = argparse.ArgumentParser()
    for o in ("ztrace", "oombox", "dir", "cgroup"):
        p.add_argument("--" + o, required=True)
    p.add_argument("--minutes", type=float, default=60)
    p.add_argument("--workers", type=int, default=3)
    a = p.parse_args()
    d, stop, builds, loose = Daemon(a), threading.Event(), [], []
    kmsg = open(os.path.join(a.dir, "kmsg"), "w")
    follow = subprocess.Popen(["dmesg", "-W"], stdout=kmsg, stderr=subprocess.DEVNULL)
    offset = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    begin = time.time()
    d.start()
    threads = [Builder(a, n, stop, builds) for n in range(a.workers)] + [Loose(a, stop, loose)]
    for t in threads:
        t.start()
    ends = [signal.SIGKILL, signal.SIGTERM]
    try:
        # the first half is one life, with reloads and rotations; then it is ended again and again
        half, total = a.minutes * 30, a.minutes * 60
        next_end, n = begin + half, 0
        while time.time() - begin < total:
            time.sleep(2)
            d.sample()
            n += 1
            if n % 60 == 0:
                d.proc.send_signal(signal.SIGHUP if n % 120 else signal.SIGUSR1)
            if d.proc.poll() is not None:
                sys.exit("soak: the daemon died: %d" % d.proc.returncode)
            if time.time() > next_end:
                sig = ends[len(d.lives) % 2]
                if sig == signal.SIGTERM:
                    d.metrics()
                d.stop(sig)
                time.sleep(random.uniform(0, 2))
                d.start()
                next_end = time.time() + max(half / 8, 30)
    finally:
        stop.set()
        for t in threads:
            t.join()
        time.sleep(5)
        if d.proc.poll() is None:
            d.stop(signal.SIGTERM)
        follow.terminate()
        kmsg.close()
        json.dump({"lives": d.lives, "builds": builds, "loose": loose, "offset": offset}, open(os.path.join(a.dir, "soak.json"), "w"))
    return check(a.dir, round((time.time() - begin) / 60))


def check(where, minutes):
    state = os.path.join(where, "state")
    ran = json.load(open(os.path.join(where, "soak.json")))
    wrong = compare(state, ran["lives"], ran["builds"], ran["loose"], read_kmsg(os.path.join(where, "kmsg"), ran["offset"]))
    memory(ran["lives"], wrong)
    # what the last life finds unfinished is for the next: nothing may be left without its report after one more start
    left = [z for z in glob.glob(state + "/*-d*.zt") if not os.path.exists(z[:-3] + ".json")]
    if left:
        wrong.append("%d traces have no report: %s" % (len(left), left[:3]))
    for w in wrong[:50]:
        print("WRONG:", w)
    print("%s minutes, %d wrong" % (minutes, len(wrong)))
    return 1 if wrong else 0


if len(sys.argv) == 3 and sys.argv[1] == "--check":  # once more, of a run that was kept
    sys.exit(check(sys.argv[2], "?"))
sys.exit(main())
