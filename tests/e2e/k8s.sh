# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# Pods as a kubelet has them made: a real containerd's own CRI, asked over its socket; pod cgroups below kubepods. What is
# missing is the kubelet: of it there is a process of that name, in the mount namespace that has containerd's files.

k8s_start() {	# containerd with the images of this docker in $MINE; its pods' cgroups are below /$K8S_CG/kubepods/burstable
	local x p
	need_root
	command -v node >/dev/null || missing 'no node'
	x=$(dockerd_programs "$DOCKERD_VERSION")/usr/bin
	MINE=$(mktemp -d /tmp/zte2e.XXXXXX) K8S_CG=$DOCKERD_CGROUP-k8s
	trap k8s_stop EXIT
	cg_make "$K8S_CG/kubepods/burstable" || missing 'cannot make cgroups here'
	mkdir "$MINE/bin"
	for p in "$x"/containerd "$x"/containerd-shim* "$DOCKERD_DIR"/sbin/runc; do ln -sf "$(readlink -f "$p")" "$MINE/bin/"; done
	cp "$(command -v sleep)" "$MINE/bin/kubelet"
	cat >"$MINE/c.toml" <<-TOML
	version = 2
	root = "$MINE/root"
	state = "/run/containerd"
	disabled_plugins = ["io.containerd.internal.v1.opt"]
	[grpc]
	  address = "$MINE/c.sock"
	[plugins."io.containerd.grpc.v1.cri"]
	  sandbox_image = "docker.io/library/pause:1"
	  restrict_oom_score_adj = true
	TOML
	# /run/containerd as on a node, without being seen by anybody else
	# shellcheck disable=SC2016
	PATH=$MINE/bin:$PATH unshare -m sh -c 'mkdir -p /run/containerd && mount -t tmpfs t /run/containerd || exit
		kubelet 3600 & exec containerd --config "$0"' "$MINE/c.toml" >containerd.log 2>&1 &
	K8S_PID=$!
	printf 'FROM base:1\nCMD ["sleep", "3600"]\n' | bk -t pause:1 - >/dev/null || fail 'no image for sandboxes'
	wait_for 20 test -S "$MINE/c.sock"
	docker save base:1 pause:1 | "$x/ctr" -a "$MINE/c.sock" -n k8s.io images import --snapshotter overlayfs - ||
		missing "containerd does not take the images"
}
k8s_stop() {
	[[ ! ${BG:-} ]] || kill "$BG" 2>/dev/null
	[[ ! ${POD:-} ]] || cri StopPodSandbox "$(jq -n --arg id "$POD" '{$id}')"
	kill "$(pgrep -P "$K8S_PID" -x kubelet)" "$K8S_PID"
	dockerd_wait "$K8S_PID" 10 || kill -KILL "$K8S_PID"
	cg_remove "$K8S_CG"
	rm -rf --one-file-system "$MINE"
}
cri() { node "$TOP/tests/e2e/cri_client.mjs" "$MINE/c.sock" "$@"; }	# METHOD JSON

pod() {	# NAMESPACE NAME UID [LIMIT [HOSTPID]]: its id in POD, what describes it in POD_JSON, its cgroup in POD_CG
	POD_CG=$K8S_CG/kubepods/burstable/pod$3
	cg_make "$POD_CG" && cg_limit "$POD_CG" "${4:-max}" || missing "cannot set a memory limit"
	POD_JSON=$(jq -n --arg namespace "$1" --arg pod "$2" --arg uid "$3" --arg cgroup "/$POD_CG" --argjson hostPID "${5:-false}" \
		'$ARGS.named')
	POD=$(cri RunPodSandbox "$POD_JSON") && [[ $POD ]] || fail 'no pod'
}
container() {	# NAME JSON: started; its id in CONTAINER
	CONTAINER=$(cri CreateContainer "$(jq -n --argjson p "$POD_JSON" --arg sandbox "$POD" --arg name "$1" --argjson more "$2" \
		'$p + {$sandbox, $name, image: "docker.io/library/base:1"} + $more')") && [[ $CONTAINER ]] || fail "no container $1"
	cri StartContainer "$(jq -n --arg id "$CONTAINER" '{$id}')" || fail "the container $1 does not start"
}
watched() {	# what ztrace says is in out
	"$ZTRACE" watch -v -f text -f "json=$W/r.json" -o "$W/t.zt" >out 2>watch.err &
	BG=$!
	wait_for 20 grep -q Ctrl-C watch.err
}
watch_end() { kill -INT "$BG"; wait "$BG" || fail "its status: $?: $(cat watch.err)"; BG=''; cat out; }

# Pods that are younger than the trace, one of them static: named at their kill, without the API and the kubelet's logs
scenario k8s_pods docker26
k8s_pods() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local name uid
	k8s_start
	watched
	for name in ci/build-1 kube-system/etcd-node1; do
		uid=3f2e1d0c-9b8a-4756-8493-a2b1c0d9e8f7
		[[ $name == ci/* ]] || uid=0f1e2d3c4b5a69788796a5b4c3d2e1f0
		pod "${name%/*}" "${name#*/}" $uid $((64 * MB))
		container step '{"command": ["sh", "-c", "oombox eat 200; exit 0"]}'
		wait_for 20 grep -q "pod $name, container step" out
		cri StopPodSandbox "$(jq -n --arg id "$POD" '{$id}')"
		cri RemovePodSandbox "$(jq -n --arg id "$POD" '{$id}')"
		POD=''
	done
	watch_end
	has j '[.incidents[] | select(.limit.path // "" | startswith("/'"$K8S_CG"'/")) | .code] | @text' '["ZT1002","ZT1002"]'
}

# ztrace and what it is linked with, as $1's mounts; the pod's folder /out is ours
k8s_mounts() {
	jq -n --arg ztrace "$(dirname "$ZTRACE")" --arg out "$W" \
		'[["/usr", "/usr", true], ["/lib", "/lib", true], ["/lib64", "/lib64", true], [$ztrace, $ztrace, true], ["/out", $out, false]]'
}

# As tools/k8s/ztrace.yaml has it run: with the capabilities named there, in the node's pid namespace, without any of the
# kubelet's or the runtime's folders
scenario k8s_daemonset docker26
k8s_daemonset() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	local add watcher
	k8s_start
	# but those which this machine has not itself
	add=$(grep -o 'add: \[.*\]' "$TOP/tools/k8s/ztrace.yaml" | grep -o '[A-Z_]*' | while read -r c; do
		! capsh --has-b="cap_${c,,}" 2>/dev/null || echo "$c"
	done | jq -R . | jq -s .)
	pod ztrace ztrace-x1 11111111-2222-4333-8444-555555555555 max true
	watcher=$POD
	container ztrace "$(jq -n --arg ztrace "$ZTRACE" --argjson add "$add" --argjson mounts "$(k8s_mounts)" \
		'{$add, drop: ["ALL"], mounts: ($mounts + [["/sys/fs/cgroup", "/sys/fs/cgroup", true]]),
		command: ["sh", "-c", "exec \($ztrace) watch -v --no-trace -f text=/out/ds.txt -f jsonl=/out/ds.jsonl 2>/out/ds.err"]}')"
	wait_for 20 grep -q Ctrl-C ds.err
	pod ci build-2 22222222-2222-4333-8444-555555555555
	container step "$(jq -n --argjson limit $((64 * MB)) '{$limit, command: ["sh", "-c", "oombox eat 200; exit 0"]}')"
	wait_for 20 grep -q 'pod ci/build-2, container step' ds.txt
	cri StopPodSandbox "$(jq -n --arg id "$watcher" '{$id}')"
	cat ds.err ds.txt
	grep -q '"code":"ZT1001"' ds.jsonl || fail "no incident for programs"
}

# In a pod of no rights: what a build there can know of itself
scenario k8s_inside docker26
k8s_inside() {
	[[ ! $DRY ]] || skip 'about ztrace alone'
	k8s_start
	pod ci build-3 33333333-2222-4333-8444-555555555555
	cat >in.sh <<-END
	$ZTRACE --no-trace -f json=/out/r.json -f text=/out/r.txt -- sh -c 'oombox eat 200; exit \$?' 2>/out/in.err
	echo \$? >/out/rc
	END
	container step "$(jq -n --argjson limit $((64 * MB)) --argjson mounts "$(k8s_mounts)" \
		'{$limit, $mounts, drop: ["ALL"], env: {KUBERNETES_SERVICE_HOST: "10.96.0.1", HOSTNAME: "build-3", TMPDIR: "/out"},
		command: ["sh", "/out/in.sh"]}')"
	wait_for 30 test -s rc
	cat in.err r.txt
	same "exit status" "$(cat rc)" 137
	grep -q 'no eBPF' in.err || fail "it does not say how it knows"
	has j '.incidents | length' 1
	has j '.incidents[0].code' ZT1001
	has j '.incidents[0].confidence' likely
	has j '.incidents[0].ci.job' build-3
}
