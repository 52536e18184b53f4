# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Every way in which a download fails, of every tool: one build each, all of a tool's at the same time below one ztrace.
# Debian has no apk: that one is told from logs only (tests/golden-logs).

# What fails, its code, its host and address, the start of the URL, and words of the shell before the command
FAILURES='
no_name   ZT3109  nx.test       10.213.0.1:53    http://nx.test
silent    ZT3100  silent.test   10.213.0.1:53    http://silent.test
refused   ZT3102  mirror.test   10.213.0.1:81    http://mirror.test:81
dropped   ZT3103  dropped.test  10.213.9.9:80    http://dropped.test
tls       ZT3104  secure.test   10.213.0.1:443   https://secure.test
proxy     ZT3105  mirror.test   10.213.0.1:3128  http://mirror.test       export http_proxy=http://proxy.test:3128;
gone      ZT3106  mirror.test   10.213.0.1:80    http://mirror.test/gone
'
# A RUN of each build has words of its own, the URL's: two of the same text cannot be told apart.
tool_command() {	# TOOL
	case $1 in
	curl) echo 'curl -fsS $U/a' ;;
	wget) echo '/usr/bin/wget -q -T 6 -t 1 $U/a' ;;
	git) echo 'git clone $U/a.git /a' ;;
	pip) echo 'python3 -m pip download -q --no-cache-dir --no-deps --retries 0 --timeout 6 -i $U/simple a' ;;
	npm) echo 'npm install --registry $U --fetch-retries 0 --prefix /tmp/a a' ;;
	go) echo 'mkdir /m; cd /m; go mod init m; GOPROXY=$U GONOSUMDB=* go mod download example.test/a@v1.0.0' ;;
	cargo) echo 'cd /crate; sed -i s@URL@$U@ .cargo/config; cargo fetch' ;;
	esac
}
tool_image() {	# once: net:1 and what runs on it
	local R=$TMP/tools py
	[[ ! -e $R ]] || return 0
	mkdir -p "$R"/{usr/bin,usr/lib,usr/local/go,root,tmp}
	py=$(/usr/bin/python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
	take "/usr/bin/$py" /usr/bin/node /usr/bin/cargo "/usr/lib/$py"/lib-dynload/_{ssl,hashlib}*.so || return
	ln -s "$py" "$R/usr/bin/python3"
	cp -a "/usr/lib/$py" "$R/usr/lib/" && rm -rf "$R/usr/lib/$py"/{test,config-*,idlelib} &&
		mkdir -p "$R/usr/lib/python3/dist-packages" && cp -a /usr/lib/python3/dist-packages/pip "$R/usr/lib/python3/dist-packages/" || return
	cp -r "$(dirname "$(dirname "$(readlink -f "$(PATH=/usr/bin command -v npm)")")")" "$R/usr/lib/npm" &&
		ln -s ../lib/npm/bin/npm-cli.js "$R/usr/bin/npm" || return
	cp "$(readlink -f /usr/bin/go)" "$R/usr/bin/go" && mkdir -p "$R/usr/local/go/"{src,pkg/tool} || return
	ln -s ../../bin/busybox "$R/usr/bin/env"
	mkdir -p "$R"/crate/{src,.cargo}; : >"$R/crate/src/lib.rs"
	printf '[package]\nname = "m"\nversion = "0.1.0"\n[dependencies]\na = "1"\n' >"$R/crate/Cargo.toml"
	printf '[source.crates-io]\nreplace-with = "m"\n[source.m]\nregistry = "URL/index"\n[net]\nretry = 0\n' >"$R/crate/.cargo/config"
	# cargo only asks it what it is
	printf '#!/bin/sh\necho "rustc 1.63.0"; echo "host: x86_64-unknown-linux-gnu"; echo "release: 1.63.0"\n' >"$R/usr/bin/rustc"
	chmod 755 "$R/usr/bin/rustc"
	printf 'FROM net:1\nADD tools.tar /\n' >"$TMP/tools.Dockerfile"
	tar -C "$R" -c . >"$TMP/tools.tar" && tar -C "$TMP" -c tools.tar tools.Dockerfile |
		DOCKER_BUILDKIT=1 docker build -q -t tools:1 -f tools.Dockerfile - >/dev/null
}

each_failure() {	# TOOL
	local name code host address url before
	tool_image >"$W/image" 2>&1 || { wrong "no image: $(tail -n1 "$W/image")"; return; }
	while read -r name code host address url before; do
		[[ $name ]] || continue
		mkdir -p "$name"
		cat >"$name/Dockerfile" <<-END
		FROM tools:1
		ENV GOROOT=/usr/local/go GOTOOLCHAIN=local GOFLAGS=-mod=mod PIP_TRUSTED_HOST="nx.test silent.test mirror.test dropped.test"
		RUN U=$url; $before $(tool_command "$1")
		END
	done <<<"$FAILURES"
	# shellcheck disable=SC2016
	build_all 'for d in */; do docker build --network=host --no-cache --progress=plain "$d" >"$d/out" 2>&1 & done; wait'
	while read -r name code host address url before; do
		[[ $name ]] || continue
		is "(.builds[] | select(.dockerfile == \"$name/Dockerfile\") | .id) as \$b |
			[.incidents[] | select(.build == \$b and (.code | startswith(\"ZT31\"))) | [.code, .network.host, .network.address] | join(\" \")] | join(\", \")" \
			"$code $host $address"
	done <<<"$FAILURES"
}
for tool in curl wget git pip npm go cargo; do
	eval "tool_$tool() { each_failure $tool; }"
	case_of "tool_$tool"
done
