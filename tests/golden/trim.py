#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Makes a golden case out of a recorded trace: keeps what its report rests on, drops the rest of the machine.
usage: ztrace dump FILE.zt | tests/golden/trim.py 'what the case shows' > tests/golden/CASE/trace.zts"""
import json
import re
import sys

events = [json.loads(line) for line in sys.stdin if line.strip()]
parent, keep, cgroups, steps = {}, set(), set(), set()


def tgid(v):
    return v["tgid"] if isinstance(v, dict) else v or 0


for e in events:
    who = tgid(e.get("who"))
    if e["kind"] == "fork":
        parent[tgid(e["child"])] = who
    elif e["kind"] in ("exec", "proc") and tgid(e.get("parent")):
        parent[who] = tgid(e["parent"])


def is_client(argv):
    names = [a.rsplit("/", 1)[-1] for a in argv[:2]]
    return (any(n.startswith(("docker", "podman", "buildah", "buildctl", "buildkitd")) for n in names)
            and any(v in argv for v in ("build", "bud", "bake")))


for e in events:
    who, kind, flags = tgid(e.get("who")), e["kind"], e.get("flags", [])
    argv = e.get("argv") or []
    if kind == "exec" and "entry" in flags:
        keep.add(who)
        steps.add(e["cgroup"])
    elif kind == "exec" and is_client(argv):
        keep.add(who)
    elif kind == "exec" and argv and argv[0].startswith(("buildah-chroot", "buildah-oci")):
        keep |= {who, tgid(e["parent"])}
    elif kind == "kill":
        keep |= {who, tgid(e["victim"])}
        cgroups |= {e["victim_cgroup"], e["domain"]}
    elif kind == "child":
        keep.add(who)
for e in events:  # all that happened inside the steps, and signals to it
    if e["kind"] in ("exec", "fork", "exit") and e.get("cgroup") in steps:
        keep.add(tgid(e["who"]))
    elif e["kind"] == "signal" and (e.get("target_cgroup") in steps or tgid(e["target"]) in keep):
        keep |= {tgid(e["who"]), tgid(e["target"])}


def below(p, top):
    for _ in range(32):
        if p in top:
            return True
        p = parent.get(p, 0)
    return False


ours = {tgid(e["who"]) for e in events if e["kind"] == "child"}
for e in events:  # signals to what the traced command runs
    if e["kind"] == "signal" and below(tgid(e["target"]), ours):
        keep |= {tgid(e["who"]), tgid(e["target"])}
for e in events:  # who was refused something, and runtimes with a heap
    if e["kind"] in ("refuse", "env", "connect", "dns") and (e.get("cgroup") in steps or below(tgid(e["who"]), ours)):
        keep.add(tgid(e["who"]))
for p in list(keep):
    for _ in range(32):
        p = parent.get(p, 0)
        if not p:
            break
        keep.add(p)
cgroups |= steps
for _ in range(16):
    cgroups |= {e["mem"].get("parent", "0") for e in events if e["kind"] == "cgroup" and e["mem"]["id"] in cgroups}


def wanted(e):
    kind, who = e["kind"], tgid(e.get("who"))
    if kind in ("start", "fact", "hook", "lost", "note", "file", "service", "layer", "image", "end", "kill", "level", "task", "kill_end",
                "memstat", "past", "peer"):
        return True
    if kind in ("cgroup", "rmdir"):
        return e["mem"]["id"] in cgroups
    if kind == "sample":
        return e["cgroup"] in cgroups
    if kind == "attach":
        return e.get("target_cgroup") in steps
    if kind == "host":
        return "at_kill" in e.get("flags", []) or not wanted.host
    if kind == "fork":
        return tgid(e["child"]) in keep
    if kind == "signal":
        return tgid(e["target"]) in keep
    return who in keep


def scrub(e):
    """Nothing of the recording machine that the report does not need."""
    if e["kind"] == "fact" and e.get("key") == "hostname":
        e["value"] = "buildhost"
    argv = e.get("argv") or []
    name = argv[0].rsplit("/", 1)[-1] if argv else ""
    if e["kind"] == "proc" and tgid(e["who"]) == 1:
        e["comm"] = "init"
    elif e["kind"] == "proc" and e["comm"].startswith("memfd:sealed"):  # run from memory: the machine's own agents
        e["comm"] = "agent"
    if e["kind"] == "proc" and not name.startswith(("docker", "containerd")):
        e["argv"] = [e["comm"]]
        e.pop("argv_bytes", None)
    line = json.dumps(e, ensure_ascii=False, separators=(",", ":"))
    return re.sub(r"/(?:work|tmp|root)/[^ \"]*?/(?:\.output/(?:e2e|net)|e2elogs|e2eb)/", "/build/", line)


wanted.host = False
print("# " + sys.argv[1])
for e in events:
    if not wanted(e):
        continue
    wanted.host |= e["kind"] == "host"
    print(scrub(e))
