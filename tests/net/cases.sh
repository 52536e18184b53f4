# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# One function a case; see run for what they are written with.

sources() { printf 'RUN echo "deb [trusted=yes] %s stable main" > /etc/apt/sources.list\n' "$1"; }

case_of apt_no_such_name
apt_no_such_name() {
	build <<-END
	FROM net:1
	$(sources http://nx.test/debian)
	RUN apt-get update --error-on=any
	END
	told ZT3109 nx.test 10.213.0.1:53 3
}

case_of apt_no_dns_answer
apt_no_dns_answer() {
	build <<-END
	FROM net:1
	$(sources http://silent.test/debian)
	RUN apt-get update --error-on=any
	END
	told ZT3100 silent.test 10.213.0.1:53 3
}

# update ends well all the same, and the fault comes to light one command later
case_of apt_update_forgives
apt_update_forgives() {
	build <<-END
	FROM net:1
	$(sources http://fail.test/debian)
	RUN apt-get update && apt-get install -y curl
	END
	told ZT3100 fail.test 10.213.0.1:53 3
	i '.victims[0].argv[1]' install
}

case_of apt_refused
apt_refused() {
	build <<-END
	FROM net:1
	$(sources http://mirror.test:81/debian)
	RUN apt-get update --error-on=any
	END
	told ZT3102 mirror.test 10.213.0.1:81 3
	i '.confidence' confirmed
}

case_of apt_dropped
apt_dropped() {
	build <<-END
	FROM net:1
	$(sources http://dropped.test/debian)
	RUN apt-get update --error-on=any
	END
	told ZT3103 dropped.test 10.213.9.9:80 3
}

case_of apt_unreachable
apt_unreachable() {
	build <<-END
	FROM net:1
	$(sources http://unreachable.test/debian)
	RUN apt-get update --error-on=any
	END
	told ZT3101 unreachable.test 10.213.8.8:80 3
}

# A mirror with packages: one is well, and what the others run when they are installed fails, or eats all memory
mirror() {
	local at=$TMP/served/debian d=$TMP/served/debian/dists/stable name run
	[[ ! -e $at ]] || return 0
	mkdir -p "$d/main/binary-amd64"
	while read -r name run; do
		mkdir -p "$TMP/$name/DEBIAN"
		printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x.test>\nDescription: x\n' "$name" >"$TMP/$name/DEBIAN/control"
		printf '#!/bin/sh\n%s\n' "$run" >"$TMP/$name/DEBIAN/postinst"; chmod 755 "$TMP/$name/DEBIAN/postinst"
		dpkg-deb -Zgzip --root-owner-group -b "$TMP/$name" "$at/$name.deb" >/dev/null || return
		{ cat "$TMP/$name/DEBIAN/control"; printf 'Filename: %s.deb\nSize: %s\nSHA256: %s\n\n' "$name" "$(stat -c %s "$at/$name.deb")" \
			"$(sha256sum <"$at/$name.deb" | cut -d' ' -f1)"; } >>"$d/main/binary-amd64/Packages"
	done <<<$'hello true\nbroken exit 1\ngreedy exec tail /dev/zero'
	printf 'Suite: stable\nCodename: stable\nDate: Thu, 01 Jan 2026 00:00:00 UTC\nArchitectures: amd64\nComponents: main\nSHA256:\n %s %s main/binary-amd64/Packages\n' \
		"$(sha256sum <"$d/main/binary-amd64/Packages" | cut -d' ' -f1)" "$(stat -c %s "$d/main/binary-amd64/Packages")" >"$d/Release"
	mkdir -m 700 "$TMP/gpg" && cp -r "$at" "$TMP/served/signed" &&
		gpg --homedir "$TMP/gpg" --batch -q --passphrase '' --quick-gen-key x@x.test &&
		gpg --homedir "$TMP/gpg" --batch -q --clearsign -o "$TMP/served/signed/dists/stable/InRelease" "$d/Release"
}
# What the advice says is done by a machine; then it builds.
mirror_taken() {
	mirror || wrong "no mirror"
	build; told ZT3103 deb.debian.org 10.213.9.9:80 3
	i '.help[0].id' use-mirror
	i '.help[0].edit.file' ctx/Dockerfile
	FROM=$(jq -r "$NET | .[0].help[0].edit.from" r.json) TO=$(jq -r "$NET | .[0].help[0].edit.to" r.json) \
		LINE=$(jq -r "$NET | .[0].help[0].edit.line" r.json) \
		perl -i -pe 'if ($. == $ENV{LINE}) { s/\Q$ENV{FROM}\E/$ENV{TO}/ or exit 1 }' ctx/Dockerfile || wrong "no such edit"
	build <ctx/Dockerfile
	[[ $RC == 0 ]] || wrong "it does not build after the edit"
	nothing
}
case_of mirror_one_line
mirror_one_line() {
	mirror_taken <<-'END'
	FROM net:1
	RUN echo 'deb [trusted=yes] http://deb.debian.org/debian stable main' >/etc/apt/sources.list
	RUN apt-get update --error-on=any && apt-get install -y -d hello
	END
}
case_of mirror_deb822
mirror_deb822() {
	mirror_taken <<-'END'
	FROM net:1
	RUN printf 'Types: deb\nURIs: http://deb.debian.org/debian\nSuites: stable\nComponents: main\nTrusted: yes\n' >/etc/apt/sources.list.d/debian.sources
	RUN apt-get update --error-on=any && apt-get install -y -d hello
	END
}

# 100 for apt's other reasons
case_of apt_dpkg
apt_dpkg() {
	mirror || wrong "no mirror"
	build <<-'END'
	FROM net:1
	RUN echo 'deb [trusted=yes] http://mirror.test/debian stable main' >/etc/apt/sources.list
	RUN apt-get update && apt-get install -y hello && apt-get install -y broken
	END
	[[ $RC != 0 ]] || wrong "the build passed"
	grep -q 'returned an error code' out || wrong "it did not get so far"
	nothing
}
case_of apt_script_killed
apt_script_killed() {
	mirror || wrong "no mirror"
	cg_limit "$CGROUP" 67108864
	build <<-'END'
	FROM net:1
	RUN echo 'deb [trusted=yes] http://mirror.test/debian stable main' >/etc/apt/sources.list
	RUN apt-get update && apt-get install -y greedy
	END
	cg_limit "$CGROUP" max
	nothing
	is '[.incidents[] | select(.step != null and .causal and .code == "ZT1002")] | length' 1
	is '.incidents[] | select(.causal and .code == "ZT1002") | .victims[0].comm' tail
}
case_of apt_unsigned
apt_unsigned() {
	mirror || wrong "no mirror"
	build <<-'END'
	FROM net:1
	RUN echo 'deb http://mirror.test/debian stable main' >/etc/apt/sources.list
	RUN apt-get update
	END
	told ZT3107 mirror.test 10.213.0.1:80 3
}
case_of apt_unknown_key
apt_unknown_key() {
	mirror || wrong "no mirror"
	build <<-'END'
	FROM net:1
	RUN echo 'deb http://mirror.test/signed stable main' >/etc/apt/sources.list
	RUN apt-get update --error-on=any
	END
	told ZT3107 mirror.test 10.213.0.1:80 3
}

# ztrace itself is where the other ends are
case_of host_reaches_it
host_reaches_it() {
	build <<<$'FROM net:1\nRUN curl -sS http://inside.test/ok'
	one ZT3101 inside.test 10.213.7.7:80
	i '.network.host_reaches_it' true
	i '.help[0].id' host-network
}
case_of host_neither
host_neither() {
	build <<<$'FROM net:1\nRUN curl -sS http://mirror.test:81/ok'
	one ZT3102 mirror.test 10.213.0.1:81
	i '.network.host_reaches_it' false
}

case_of apt_stale_index
apt_stale_index() {
	build <<-END
	FROM net:1
	$(sources http://mirror.test/gone)
	RUN apt-get update
	END
	told ZT3106 mirror.test 10.213.0.1:80 3
	i '.network.status' 404
}

case_of apt_certificate
apt_certificate() {
	build <<-END
	FROM net:1
	$(sources https://secure.test/debian)
	RUN apt-get update --error-on=any
	END
	told ZT3104 secure.test 10.213.0.1:443 3
}

case_of apt_proxy_password
apt_proxy_password() {
	build --build-arg http_proxy=http://proxy.test:3128 <<-END
	FROM net:1
	$(sources http://mirror.test/debian)
	RUN apt-get update --error-on=any
	END
	told ZT3105 mirror.test 10.213.0.1:3128 3
	i '.network.status' 407
}

# apt has a reason of its own: nothing was wrong with the network
case_of apt_no_package
apt_no_package() {
	build <<-'END'
	FROM net:1
	RUN apt-get install -y no-such-package
	END
	[[ $RC != 0 ]] || wrong "the build passed"
	nothing
}

one() {	# CODE HOST ADDRESS: the step is line 2
	told "$1" "$2" "$3" 2
}
case_of curl_certificate
curl_certificate() { build <<<$'FROM net:1\nRUN curl -sS https://secure.test/ok'; one ZT3104 secure.test 10.213.0.1:443; }
case_of curl_cut
curl_cut() { build <<<$'FROM net:1\nRUN curl -sS https://mirror.test:444/ok'; one ZT3104 mirror.test 10.213.0.1:444; }
case_of curl_alert
curl_alert() { build <<<$'FROM net:1\nRUN curl -sS https://mirror.test:445/ok'; one ZT3104 mirror.test 10.213.0.1:445; }
case_of curl_no_tls
curl_no_tls() { build <<<$'FROM net:1\nRUN curl -sS https://mirror.test:446/ok'; one ZT3104 mirror.test 10.213.0.1:446; }
case_of curl_broken_off
curl_broken_off() { build <<<$'FROM net:1\nRUN curl -sS http://mirror.test:447/ok'; one ZT3108 mirror.test 10.213.0.1:447; }
case_of curl_reset_hello
curl_reset_hello() { build <<<$'FROM net:1\nRUN curl -sS https://mirror.test:448/ok'; one ZT3104 mirror.test 10.213.0.1:448; }
case_of curl_gave_up
curl_gave_up() {
	build <<<$'FROM net:1\nRUN curl -sS --connect-timeout 2 http://dropped.test/ok'
	one ZT3103 dropped.test 10.213.9.9:80
}
# Connected, then not a byte more
case_of stall_in_the_middle
stall_in_the_middle() {
	build <<<$'FROM net:1\nRUN curl -sS -m 5 http://mirror.test:449/ok -o /dev/null'
	one ZT3103 mirror.test 10.213.0.1:449
	i '.confidence' likely
}
case_of stall_no_answer
stall_no_answer() {
	build <<<$'FROM net:1\nRUN /usr/bin/wget -q -T 5 -t 1 http://mirror.test:450/ok'
	one ZT3103 mirror.test 10.213.0.1:450
}
case_of stall_large_packets
stall_large_packets() {
	build <<<$'FROM net:1\nRUN curl -sS http://narrow.test/ok && curl -sS -m 6 http://narrow.test/big -o /dev/null'
	one ZT3103 narrow.test 10.213.6.1:80
	i '.help[0].id' lower-mtu
}
# One that is kept for later is silent, too
case_of stall_of_none
stall_of_none() {
	tool_image || wrong "no image"
	build <<-'END'
	FROM tools:1
	RUN python3 -c 'import socket, time; s = socket.create_connection(("mirror.test", 80)); s.send(b"GET /ok HTTP/1.1

"); s.recv(999); time.sleep(4); raise SystemExit(1)'
	END
	[[ $RC != 0 ]] || wrong "the build passed"
	nothing
}

case_of curl_proxy_password
curl_proxy_password() {
	build <<<$'FROM net:1\nRUN curl -sS -x http://user:secretword@proxy.test:3128 https://secure.test/ok'
	one ZT3105 secure.test 10.213.0.1:3128
	! "$ZTRACE" dump "$W/t.zt" | grep -E '"kind":"(connect|dns)"' | grep -q secretword || wrong "a password is in an event"
}
case_of curl_proxy_lost
curl_proxy_lost() {
	build --build-arg https_proxy=http://proxy.test:3129 <<<$'FROM net:1\nRUN curl -sS https://secure.test/ok'
	one ZT3105 secure.test 10.213.0.1:3129
}
case_of wget_not_found
wget_not_found() { build <<<$'FROM net:1\nRUN /usr/bin/wget -q http://mirror.test/gone'; one ZT3106 mirror.test 10.213.0.1:80; }
case_of wget_busybox
wget_busybox() { build <<<$'FROM net:1\nRUN busybox wget -q http://mirror.test:81/ok'; one ZT3102 mirror.test 10.213.0.1:81; }
case_of git_refused
git_refused() {
	build <<<$'FROM net:1\nRUN git clone http://mirror.test:81/a.git /a'
	one ZT3102 mirror.test 10.213.0.1:81
}

# No step fails: the daemon does not get the base image. Its line, and what failed for the daemon
pulled() {	# CODE HOST ADDRESS LINE
	[[ $RC != 0 ]] || wrong "the build passed"
	is "$NET | length" 1
	i .code "$1"
	i .network.host "$2"
	i .network.address "$3"
	i .network.from_line "$4"
	i .confidence likely
	is "($NET | .[0].build) as \$b | .builds[] | select(.id == \$b) | .dockerfile" ctx/Dockerfile
}
case_of pull_no_such_name
pull_no_such_name() { build <<<$'FROM net:1 AS a\nFROM nx.test/x'; pulled ZT3109 nx.test 10.213.0.1:53 2; }
case_of pull_no_dns_answer
pull_no_dns_answer() { build <<<$'FROM silent.test/a/b:1'; pulled ZT3100 silent.test 10.213.0.1:53 1; }
case_of pull_refused
pull_refused() {
	build <<<$'ARG BASE=mirror.test:81/x:2\nFROM $BASE\nRUN true'
	pulled ZT3102 mirror.test 10.213.0.1:81 2
	i '.help[0].id' daemon-proxy
}
case_of pull_dropped
pull_dropped() { build <<<$'FROM dropped.test/x'; pulled ZT3103 dropped.test 10.213.9.9:443 1; }
case_of pull_certificate
pull_certificate() {
	build <<<$'FROM secure.test/x'
	pulled ZT3104 secure.test 10.213.0.1:443 1
	i '.help[0].id' trust-registry
}
case_of pull_by_legacy
pull_by_legacy() {
	mkdir -p ctx; echo 'FROM mirror.test:81/x' >ctx/Dockerfile
	build_all 'DOCKER_BUILDKIT=0 docker build --network=host ctx'
	pulled ZT3102 mirror.test 10.213.0.1:81 1
}
# The daemon met that, too, but no image of this build comes from there
case_of pull_of_another
pull_of_another() {
	mkdir -p ctx; printf 'FROM net:1\nCOPY nothing /\n' >ctx/Dockerfile
	build_all '{ sleep 0.3; docker pull mirror.test:81/x; } & docker build --network=host ctx; r=$?; wait; exit $r'
	nothing
}

# It came right in the end
case_of retry_succeeds
retry_succeeds() {
	build <<-'END'
	FROM net:1
	RUN curl -sS http://mirror.test:81/ok || curl -sS --retry 3 http://flaky.test/ok; exit 3
	END
	[[ $RC != 0 ]] || wrong "the build passed"
	nothing
}
case_of retry_same_host
retry_same_host() {
	build <<-'END'
	FROM net:1
	RUN curl -sS http://mirror.test/gone -o /dev/null; curl -sS http://mirror.test:81/ok; curl -sS http://mirror.test/ok && false
	END
	[[ $RC != 0 ]] || wrong "the build passed"
	nothing
}
case_of passes
passes() {
	build <<-'END'
	FROM net:1
	RUN curl -sS http://mirror.test:81/ok || curl -sS http://mirror.test/ok
	END
	[[ $RC == 0 ]] || wrong "the build failed"
	nothing
}

# Two at once, watched together: each its own
case_of two_builds
two_builds() {
	local pid
	mkdir -p a b
	printf 'FROM net:1\nRUN curl -sS http://mirror.test:81/ok\n' >a/Dockerfile
	printf 'FROM net:1\nRUN curl -sS http://nx.test/ok\n' >b/Dockerfile
	# shellcheck disable=SC2016
	RC=0
	within "$PEER" "$ZTRACE" -f json="$W/r.json" -f text="$W/r.txt" -o "$W/t.zt" --lang en -- sh -c '
		DOCKER_BUILDKIT=1 docker build --network=host --no-cache --progress=plain a & p=$!
		DOCKER_BUILDKIT=1 docker build --network=host --no-cache --progress=plain b; wait $p' >"$W/out" 2>&1 || RC=$?
	is '[.incidents[] | select(.code | startswith("ZT31")) | [.code, .network.host, (.build as $b | .step as $s | $s | startswith($b))] | join(" ")] | sort | join(",")' \
		'ZT3102 mirror.test true,ZT3109 nx.test true'
	is '.incidents[] | select(.code == "ZT3109") | .build as $b | .step as $s | .network.host' nx.test
	for pid in a:ZT3102 b:ZT3109; do
		is ".incidents[] | select(.code == \"${pid#*:}\") | .build" \
			"$(jq -r ".builds[] | select(.dockerfile == \"${pid%:*}/Dockerfile\") | .id" "$W/r.json")"
	done
}
