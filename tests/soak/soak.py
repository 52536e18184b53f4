#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Drives builds, kills and a daemon for some time, then compares what each says. See run."""
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


TAG = re.compile(r"soak:w[0-9]+-[0-9]+-[a-z0-9]+")


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
        return {m[1]: int(m[2]) for m in re.finditer(r"^(ztrace_\S+) (\d+)$", out, re.M)}

    def sample(self):
        text = open("/proc/%d/status" % self.proc.pid).read()
        rss = int(re.search(r"VmRSS:\s+(\d+)", text)[1])
        fds = len(os.listdir("/proc/%d/fd" % self.proc.pid))
        self.lives[-1]["rss"].append((time.time(), rss, fds))

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
        self.lives[-1]["status"] = self.proc.wait(60)
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


def compare(a, d, builds, loose, kmsg):
    """What is wrong, one line each"""
    wrong, by_pid, victims, shared = [], {}, {}, set()
    n = 0
    for path, j in reports(d.state):
        n += 1
        name = os.path.basename(path)
        for suffix in (".txt", ".zt"):
            if not os.path.exists(path[:-5] + suffix):
                wrong.append("%s has no %s" % (name, suffix))
        argv = (j["command"] or {}).get("argv", [])
        if "-t" in argv:
            by_pid.setdefault(argv[argv.index("-t") + 1], []).append((name, j))
        if len(j["builds"]) > 1 and j["command"] and j["command"]["exit_code"] is None:
            shared |= {t for t in TAG.findall(json.dumps(j["builds"]))}  # more builds at once than have traces
        for i in j["incidents"]:
            for v in i["victims"]:
                victims.setdefault(v["pid"], []).append((name, i["code"]))
    complete = 0
    for b in builds:
        got = by_pid.get(b["tag"], [])
        if b["tag"] in shared:
            continue
        whole = [x for x in d.lives if within(b, x)]
        if not got and whole:
            wrong.append("%s (pid %d, status %d) has no trace" % (b["tag"], b["pid"], b["status"]))
        if not whole or not got:
            continue
        complete += 1
        rotated = len(got) > 1
        j = got[-1][1]
        status = j["command"]["exit_code"] if j["command"]["signal"] is None else -j["command"]["signal"]
        if not rotated and status != b["status"]:
            wrong.append("%s exited with %s, its report says %s" % (b["tag"], b["status"], status))
        if not rotated and not j["complete"]:
            wrong.append("%s: the trace of a build that nothing interrupted is incomplete" % b["tag"])
        steps = [s for g in got for x in g[1]["builds"] for s in x["steps"] if b["tag"] in (s["instruction"] or "")]
        if not steps and ("echo " + b["tag"]) in b["out"] and b["kind"] != "cancel":
            wrong.append("%s: its first step is in no report (%s)" % (b["tag"], got[0][0]))
    told = missing = 0
    for k in kmsg:
        life = [x for x in d.lives if x["from"] + 0.5 < k["time"] < x["until"] - 0.5]
        if not life:
            continue
        if any(c.startswith("ZT10") for _, c in victims.get(k["pid"], [])):
            told += 1
        else:
            missing += 1
            wrong.append("the kernel killed %d in %s at %s, and no report says so" % (k["pid"], k["memcg"],
                         time.strftime("%T", time.gmtime(k["time"]))))
    for x in d.lives:
        if "kernel" in x and not x["kernel"][0] <= x["counted"] <= x["kernel"][1]:
            wrong.append("life %d: the kernel counts %d to %d OOM kills, ztrace %d" % (x["pid"], *x["kernel"], x["counted"]))
        if x.get("lost"):
            wrong.append("life %d lost events: %s" % (x["pid"], x["lost"]))
    for l in loose:
        m = re.search(r"victim=(\d+)", l["out"])
        if m and any(within(l, x) for x in d.lives) and int(m[1]) not in victims:
            wrong.append("the lab's victim %s is in no report" % m[1])
    print("builds told of together with others: %d" % len(shared))
    print("reports %d; builds %d, of which %d lie in one life of the daemon and were compared" % (n, len(builds), complete))
    print("kills in the kernel's log while the daemon was there: %d told, %d missing" % (told, missing))
    return wrong


def memory(d, wrong):
    for x in d.lives:
        r = x["rss"]
        line = "life %d: %5.0f s, ended by %s in %s s (status %s), kills kernel %s ztrace %s" % (
            x["pid"], x["until"] - x["from"], x["end"], x["stop_s"], x["status"], x.get("kernel", "-"), x.get("counted", "-"))
        if len(r) > 20:
            third = len(r) // 3
            peak = [max(v[1] for v in part) for part in (r[third:2 * third], r[2 * third:])]
            line += "; RSS KiB first %d, at most %d in the second third, %d in the last; fds %d to %d" % (
                r[0][1], peak[0], peak[1], min(v[2] for v in r), max(v[2] for v in r))
            if x["until"] - x["from"] > 600 and peak[1] > peak[0] * 1.15 + 2048:
                wrong.append("life %d: memory grows: %d, then %d KiB" % (x["pid"], peak[0], peak[1]))
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
        json.dump({"lives": d.lives, "builds": builds, "loose": loose}, open(os.path.join(a.dir, "soak.json"), "w"))
    wrong = compare(a, d, builds, loose, read_kmsg(kmsg.name, offset))
    memory(d, wrong)
    # what the last life finds unfinished is for the next: nothing may be left without its report after one more start
    left = [z for z in glob.glob(d.state + "/*-d*.zt") if not os.path.exists(z[:-3] + ".json")]
    if left:
        wrong.append("%d traces have no report: %s" % (len(left), left[:3]))
    for w in wrong[:50]:
        print("WRONG:", w)
    print("%d minutes, %d wrong" % (round((time.time() - begin) / 60), len(wrong)))
    return 1 if wrong else 0


sys.exit(main())
