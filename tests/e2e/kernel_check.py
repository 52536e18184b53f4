# SPDX-License-Identifier: GPL-2.0
"""Make things happen, watch them with ztev, compare with what the kernel says elsewhere. Called by kernel.sh."""
import json, os, re, signal, struct, subprocess, sys, tempfile, threading, time

ZTEV = sys.argv[1]
MIB = 1 << 20
SPAWNS = int(os.environ.get("SPAWNS", 10000))  # of the storm; fewer where a process costs 10 ms
ROOT = f"/sys/fs/cgroup/memory/ztrace-test-{os.getpid()}"
SEED, PRIME, MASK = 0xcbf29ce484222325, 0x100000001b3, (1 << 64) - 1
ARGV_MAX, HASH_MAX = 32 * 1024, 160 * 1024
BATCH = 64 * 4096 * (os.cpu_count() or 1)     # the kernel charges memory in batches per cpu
failures = 0
EAT = ("import sys,time\nfor i in range(int(sys.argv[1])): globals().setdefault('l',[]).append(b'x'*1048576)\n"
       "time.sleep(float(sys.argv[2]))")


def check(ok, what):
    global failures
    if not ok:
        failures += 1
    print(("ok   " if ok else "FAIL ") + what, flush=True)


def zt_hash(data):
    h = SEED
    data += b"\0" * (-len(data) % 8)
    for (word,) in struct.iter_unpack("<Q", data):
        h = ((h ^ word) * PRIME) & MASK
    return h


class Watch:
    """Events from entering to leaving the block, in .ev"""

    def __enter__(self):
        self.out = tempfile.TemporaryFile("w+")
        self.p = subprocess.Popen([ZTEV], stdout=self.out, stderr=subprocess.PIPE, text=True)
        self.ready = self.p.stderr.readline().strip()
        if not self.ready.startswith("ready"):
            sys.exit(f"FAIL ztev: {self.ready}")
        return self

    def __exit__(self, *exc):
        self.p.send_signal(signal.SIGTERM)
        self.end = self.p.stderr.read().strip()
        self.p.wait()
        self.out.seek(0)
        self.ev = [json.loads(line) for line in self.out]

    def get(self, kind, **want):
        return [e for e in self.ev if e["kind"] == kind and all(e.get(k) == v for k, v in want.items())]

    def of(self, kind, pid):
        return [e for e in self.ev if e["kind"] == kind and e["who"]["tgid"] == pid]


def put(cg, name, value):
    with open(f"{cg}/{name}", "w") as f:
        f.write(str(value))


def take(cg, name):
    with open(f"{cg}/{name}") as f:
        return int(f.read())


def mkcg(path, limit=None):
    os.mkdir(path)
    if limit:
        put(path, "memory.limit_in_bytes", limit)
    return path


def rmcg(path):
    for _ in range(200):
        try:
            return os.rmdir(path)
        except OSError:
            time.sleep(0.02)
    check(False, f"rmdir {path}")


def run_in(cg, argv):
    """Start argv inside cg"""
    return subprocess.Popen(["/bin/sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', cg] + argv,
                            stderr=subprocess.DEVNULL)


def eat(cg, mib, hold=0):
    return run_in(cg, [sys.executable, "-S", "-c", EAT, str(mib), str(hold)])


def cgid(path):
    return str(os.stat(path).st_ino)


def test_exec():
    sizes = [5, 8 << 10, 31 << 10, 100 << 10]
    with Watch() as w:
        pids = {}
        for n in sizes:
            p = subprocess.Popen(["/bin/true", os.urandom(n // 2).hex().ljust(n, "z")[:n]])
            p.wait()
            pids[n] = (p.pid, p.args)
    print(w.ready)
    for n, (pid, args) in pids.items():
        raw = b"".join(a.encode() + b"\0" for a in args)
        ev = w.of("exec", pid)
        check(len(ev) == 1, f"exec with {n} bytes: one event")
        if not ev:
            continue
        e = ev[0]
        check(e["argv_total_bytes"] == len(raw), f"exec {n}: true length")
        if len(raw) <= ARGV_MAX:
            check(e["argv"] == args and not e["flags"] and int(e["argv_hash"], 16) == 0, f"exec {n}: whole argv")
            continue
        got = e["argv"]
        check("cut" in e["flags"] and "\0".join(got).encode() == raw[:e["argv_bytes"]] and
              e["argv_bytes"] == ARGV_MAX, f"exec {n}: first {ARGV_MAX} bytes, marked cut")
        check(e["argv_hashed_bytes"] == min(len(raw), HASH_MAX) and
              int(e["argv_hash"], 16) == zt_hash(raw[:HASH_MAX]), f"exec {n}: hash")


def test_exit():
    with Watch() as w:
        cases = {}
        for what, argv, status in (("exit 3", ["sh", "-c", "exit 3"], 3 << 8), ("SIGKILL", ["sh", "-c", "kill -9 $$"], 9),
                                   ("SIGSEGV", ["sh", "-c", "ulimit -c 0; kill -11 $$"], 11)):
            p = subprocess.Popen(argv)
            cases[what] = (p.pid, status, os.waitpid(p.pid, 0)[1])
        p = subprocess.Popen([sys.executable, "-S", "-c", EAT, "60", "0"])
        _, _, ru = os.wait4(p.pid, 0)
        # Popen returns in the middle of exec (close-on-exec): wait until the program itself has answered
        target = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        os.write(target.stdin.fileno(), b"x")
        os.read(target.stdout.fileno(), 1)
        killer = subprocess.Popen(["sh", "-c", f"kill -9 {target.pid}"])
        killer.wait()
        target.wait()
    for what, (pid, want, waited) in cases.items():
        ev = w.of("exit", pid)
        check(len(ev) == 1 and ev[0]["exit_code"] == want == waited, f"exit code: {what}")
    peak = w.of("exit", p.pid)[0]
    check("peak_bound" in peak["flags"] or abs(peak["peak_rss_bytes"] - ru.ru_maxrss * 1024) <= BATCH,
          f"peak rss {peak['peak_rss_bytes'] >> 10} KiB = wait4's {ru.ru_maxrss} KiB")
    kills = [e for e in w.get("signal", sig=9) if e["target"]["tgid"] == target.pid]
    check(len(kills) == 1 and kills[0]["who"]["tgid"] == killer.pid and kills[0]["code"] == 0 and
          kills[0]["sender_parent"]["tgid"] == os.getpid() and kills[0]["target_comm"] == "cat",
          "SIGKILL: sender, its parent, target")
    pid = target.pid
    order = [e["kind"] for e in w.ev if e["who"]["tgid"] == pid or e.get("target", {}).get("tgid") == pid]
    check(order == ["exec", "signal", "exit"], "exec, signal and exit of a process in their order")
    forks = [e for e in w.get("fork") if e["child"]["tgid"] == pid]
    check(len(forks) == 1 and forks[0]["who"]["tgid"] == os.getpid() and
          forks[0]["child"] == w.of("exec", pid)[0]["who"], "fork names the same process as exec")


def test_cgroup():
    with Watch() as w:
        cg = mkcg(f"{ROOT}/life", 64 * MIB)
        ident = cgid(cg)
        p = eat(cg, 20)
        p.wait()
        peak = take(cg, "memory.max_usage_in_bytes")
        rmcg(cg)
    made = [e for e in w.get("cgroup") if e["mem"]["id"] == ident]
    check(len(made) == 1 and made[0]["path"] == cg[len("/sys/fs/cgroup/memory"):] and
          made[0]["mem"]["parent"] == cgid(ROOT), "cgroup: one event, its path and parent")
    moved = [e for e in w.of("attach", p.pid) if e["target_cgroup"] == ident]
    check(len(moved) == 1 and moved[0]["target"]["tgid"] == p.pid, "attach: who went where")
    ex = w.of("exec", p.pid)[-1]
    check(ex["cgroup"] == ident and "new_cgroup" in ex["flags"] and ex["parent_cgroup"] != ident,
          "exec in a cgroup that is not the parent's")
    gone = [e["mem"] for e in w.get("rmdir") if e["mem"]["id"] == ident]
    check(len(gone) == 1 and gone[0]["peak_bytes"] == peak and gone[0]["limit_bytes"] == 64 * MIB,
          f"rmdir: peak {peak} to the byte, limit")


def kernel_log(since):
    """(task cgroup, oom cgroup, pid) of each oom-kill line since a boot time"""
    out = []
    for line in subprocess.run(["dmesg", "--raw"], capture_output=True, text=True, errors="replace").stdout.splitlines():
        m = re.search(r"\[\s*([\d.]+)\] oom-kill:.*oom_memcg=([^,]*),task_memcg=([^,]*),.*pid=(\d+)", line)
        if m and float(m[1]) >= since:
            out.append((m[3], m[2], int(m[4])))
    return out


def log_rss(pid):
    pat = re.compile(rf"Killed process {pid} .*anon-rss:(\d+)kB, file-rss:(\d+)kB, shmem-rss:(\d+)kB")
    found = pat.findall(subprocess.run(["dmesg", "--raw"], capture_output=True, text=True, errors="replace").stdout)
    return [int(x) * 1024 for x in found[-1]] if found else None


def oom(name, start, domain, victim_cg):
    """Run start(), expect one kill whose limit is that of `domain`; compare with files and log."""
    since = time.clock_gettime(time.CLOCK_BOOTTIME) - 0.5
    with Watch() as w:
        procs = start()
        victims = []
        for p in procs:
            if p.wait() == -9:
                victims.append(p.pid)
        limit, peak = take(domain, "memory.limit_in_bytes"), take(domain, "memory.max_usage_in_bytes")
    kills = [e for e in w.get("kill") if e["victim"]["tgid"] in victims]
    check(len(kills) == len(victims) == 1, f"{name}: one victim, one kill event")
    if not kills:
        return None, w
    k = kills[0]
    seq = k["seq"]
    levels = w.get("level", seq=seq)
    chain = [e for e in levels if "chain" in e["flags"]]
    tasks = w.get("task", seq=seq)
    end = w.get("kill_end", seq=seq)
    check(k["domain"] == cgid(domain) and k["victim_cgroup"] == cgid(victim_cg), f"{name}: limit's level, victim's cgroup")
    log = [x for x in kernel_log(since) if x[2] == victims[0]]
    if log:
        root = "/sys/fs/cgroup/memory"
        check(log[0][:2] == (victim_cg[len(root):], domain[len(root):]), f"{name}: same cgroups as the kernel log")
    rss = log_rss(victims[0])
    if rss:
        ours = [k["rss"][f] for f in ("anon_bytes", "file_bytes", "shmem_bytes")]
        check(all(abs(a - b) <= BATCH for a, b in zip(ours, rss)), f"{name}: rss {ours} = the kernel log's {rss}")
    dom = [e for e in chain if "domain" in e["flags"]]
    check(len(dom) == 1 and dom[0]["mem"]["id"] == cgid(domain) and dom[0]["mem"]["limit_bytes"] == limit and
          "oom_locked" in dom[0]["mem"]["flags"], f"{name}: domain among the levels, limit {limit}")
    use = dom[0]["mem"]["usage_bytes"] if dom else 0
    check(limit - BATCH <= use <= limit and abs(dom[0]["mem"]["peak_bytes"] - peak) <= BATCH,
          f"{name}: usage {use} at the limit, peak as in the file ({peak})")
    check([e["depth"] for e in chain] == list(range(len(chain))) and chain[0]["mem"]["id"] == cgid(victim_cg) and
          chain[-1]["mem"]["parent"] == "0" and all(a["mem"]["parent"] == b["mem"]["id"] for a, b in zip(chain, chain[1:])),
          f"{name}: chain of {len(chain)} levels up to the root")
    check(len(end) == 1 and end[0]["levels"] == len(levels) and end[0]["tasks"] == len(tasks) and not end[0]["flags"],
          f"{name}: kill_end counts {len(levels)} levels, {len(tasks)} tasks, {int(end[0]['duration_ns']) // 1000} us")
    check(victims[0] in [t["who"]["tgid"] for t in tasks], f"{name}: victim among the tasks")
    gone = w.of("exit", victims[0])
    check(len(gone) == 1 and gone[0]["flags"][:1] == ["oom_victim"] and gone[0]["exit_code"] == 9, f"{name}: exit says OOM victim")
    sigs = [e for e in w.get("signal", sig=9) if e["target"]["tgid"] == victims[0]]
    check(len(sigs) == 1 and "kernel" in sigs[0]["flags"], f"{name}: SIGKILL by the kernel")
    check("was_dying" not in k["flags"] and "host" not in k["flags"] and "no_walk" not in k["flags"], f"{name}: plain kill")
    check(w.end.find("lost_count=0") > 0, f"{name}: nothing lost")
    return k, w


def test_oom():
    own = mkcg(f"{ROOT}/own", 40 * MIB)
    k, w = oom("own limit", lambda: [eat(own, 200)], own, own)
    if k:
        check(k["who"]["tgid"] == k["victim"]["tgid"], "own limit: trigger is the victim")
        ex = w.of("exec", k["victim"]["tgid"])
        check(w.ev.index(ex[-1]) < w.ev.index(k), "own limit: exec comes before kill")
    rmcg(own)

    up = mkcg(f"{ROOT}/up", 60 * MIB)
    a, b = mkcg(f"{up}/a"), mkcg(f"{up}/b")
    mid = mkcg(f"{up}/mid")
    deep = mkcg(f"{mid}/deep-" + "x" * 100)
    idle = eat(deep, 3, 60)
    time.sleep(0.5)

    def ends_big():
        big = eat(b, 35, 1.5)
        time.sleep(0.7)
        return [eat(a, 20), big]

    k, w = oom("neighbour", ends_big, up, b)
    if k:
        members = [e for e in w.get("level", seq=k["seq"]) if "member" in e["flags"]]
        names = [(e["depth"], e["name"]) for e in members]
        check(sorted(names) == sorted([(1, "a"), (1, "b"), (1, "mid"), (2, "deep-" + "x" * 100)]),
              f"neighbour: members of the domain {[n[:8] for _, n in names]}")
        check(k["cgroup"] == cgid(a) and k["who"]["tgid"] != k["victim"]["tgid"], "neighbour: trigger in a, victim in b")
        where = {t["who"]["tgid"]: t for t in w.get("task", seq=k["seq"])}
        check(set(where) == {idle.pid, k["who"]["tgid"], k["victim"]["tgid"]} and where[idle.pid]["cgroup"] == cgid(deep) and
              where[idle.pid]["rss"]["anon_bytes"] > 3 * MIB, "neighbour: every process with its cgroup and size")
    idle.kill()
    idle.wait()
    for c in (deep, mid, a, b):
        rmcg(c)

    shm = mkcg(f"{up}/shm")
    path = f"/dev/shm/ztrace-test-{os.getpid()}"

    def tmpfs():
        run_in(shm, ["dd", "if=/dev/zero", f"of={path}", "bs=1M", "count=40"]).wait()
        return [eat(shm, 60)]

    k, w = oom("tmpfs", tmpfs, up, shm)
    if k:
        tasks = sum(t["rss"]["anon_bytes"] for t in w.get("task", seq=k["seq"]))
        dom = [e["mem"] for e in w.get("level", seq=k["seq"]) if "domain" in e["flags"]][0]
        check(dom["usage_bytes"] - tasks >= 40 * MIB - BATCH, "tmpfs: the domain holds 40 MiB that no process has")
    os.unlink(path)
    rmcg(shm)
    rmcg(up)

    both = mkcg(f"{ROOT}/both", 40 * MIB)
    if os.path.exists(f"{both}/memory.memsw.limit_in_bytes"):
        put(both, "memory.memsw.limit_in_bytes", 40 * MIB)
        k, w = oom("memory+swap limit", lambda: [eat(both, 200)], both, both)
        if k:
            dom = [e["mem"] for e in w.get("level", seq=k["seq"]) if "domain" in e["flags"]][0]
            check("swap_inclusive" in dom["flags"] and dom["swap_limit_bytes"] == 40 * MIB and
                  dom["swap_usage_bytes"] == 40 * MIB, "memory+swap limit: its counter stands at its limit")
    rmcg(both)


def test_storm():
    """Thousands of execs while kills go on: not one kill may be missing."""
    cg = mkcg(f"{ROOT}/storm", 24 * MIB)
    stop = threading.Event()
    spawned = [0]

    def spawn():
        while not stop.is_set() and spawned[0] < SPAWNS:
            os.waitpid(os.posix_spawn("/bin/true", ["true", "x" * 3000], {}), 0)
            spawned[0] += 1

    with Watch() as w:
        t = threading.Thread(target=spawn)
        t.start()
        victims = []
        while t.is_alive():
            p = eat(cg, 100)
            if p.wait() == -9:
                victims.append(p.pid)
        t.join()
    seen = [e["victim"]["tgid"] for e in w.get("kill")]
    ends = {e["seq"] for e in w.get("kill_end")}
    check(len(victims) > 3 and [v for v in victims if v not in seen] == [], f"storm: {spawned[0]} spawns, {len(victims)} of {len(victims)} kills seen")
    check(all(e["seq"] in ends for e in w.get("kill")), "storm: every kill is complete")
    lost = [e for e in w.get("lost") if e["cause"] in ("kill_ring", 2)]
    check(not lost, f"storm: no kill lost ({w.end})")
    ts = [int(e["ts_ns"]) for e in w.ev]
    back = sum(1 for x, y in zip(ts, ts[1:]) if y < x - 1000000)
    check(back == 0, "storm: events in order of time, to the millisecond")
    rmcg(cg)


def test_stalled():
    """A reader that is held up loses execs, says how many, and still has every kill and SIGKILL."""
    cg = mkcg(f"{ROOT}/stalled", 24 * MIB)
    with Watch() as w:
        w.p.send_signal(signal.SIGSTOP)
        for _ in range(6000):
            os.waitpid(os.posix_spawn("/bin/true", ["true", "x" * 300], {}), 0)
        victims = []
        for _ in range(20):
            p = eat(cg, 100)
            if p.wait() == -9:
                victims.append(p.pid)
        p = subprocess.Popen(["sh", "-c", "kill -9 $$"])
        p.wait()
        w.p.send_signal(signal.SIGCONT)
        time.sleep(0.5)
    seen = {e["victim"]["tgid"] for e in w.get("kill")}
    check(len(victims) == 20 and seen >= set(victims), "stalled: 20 of 20 kills seen")
    check([e["target"]["tgid"] for e in w.get("signal", sig=9) if e["target"]["tgid"] == p.pid] == [p.pid],
          "stalled: SIGKILL seen although the main ring was full")
    lost = sum(e["count"] for e in w.get("lost"))
    got = len(w.get("exec")) + len(w.get("fork")) + len(w.get("exit"))
    check(lost > 0 and got + lost >= 3 * 6000, f"stalled: {lost} lost events are told, {got} came")
    rmcg(cg)


os.mkdir(ROOT)
try:
    for test in (test_exec, test_exit, test_cgroup, test_oom, test_storm, test_stalled):
        test()
finally:
    for top, dirs, _ in os.walk(ROOT, topdown=False):
        for d in dirs:
            rmcg(f"{top}/{d}")
    rmcg(ROOT)
print(f"{'FAIL' if failures else 'PASS'} kernel: {failures} failed")
sys.exit(1 if failures else 0)
