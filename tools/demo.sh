#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# `sudo make demo`: two services built at once below one memory limit; one dies with exit code 137, ztrace says why.
# A private dockerd in a temporary folder; the machine's own docker is not touched and nothing is left behind.
set -u
cd "$(dirname "$0")/.." || exit 1
ZTRACE=${ZTRACE:-$PWD/.output/ztrace}
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[[ -t 1 ]] || say() { printf '\n%s\n' "$*"; }

[[ $(id -u) == 0 ]] || { echo "demo: needs root (BPF, a dockerd of its own): sudo make demo" >&2; exit 1; }
tools/install-deps.sh build docker || exit
make -s "-j$(nproc)" all || exit
# shellcheck source=tools/dockerd.sh
. tools/dockerd.sh
cg_init || { echo "demo: no memory cgroups on this machine" >&2; exit 1; }

dir=$(mktemp -d /tmp/ztrace-demo.XXXXXX)
cg=ztrace-demo-$$
echo "$cg" >"$dir/cgroup"
trap 'trap "" INT TERM HUP; cd /; dockerd_stop "$dir"' EXIT
trap 'exit 130' INT TERM HUP

say "Starting a private docker…"
dockerd_start 26 "$dir" "$cg" || { dockerd_stop "$dir"; mkdir -p "$dir"; dockerd_start 20 "$dir" "$cg"; } || exit
dockerd_images || exit
limit=$((256 << 20))
cg_make "$cg/buildkit" && cg_limit "$cg/buildkit" $limit || { echo "demo: cannot set a memory limit" >&2; exit 1; }

mkdir -p "$dir/app"/{frontend,backend}
cd "$dir/app" || exit
# Look-alikes: programs named like the real ones, using memory like the real ones.
cat >frontend/Dockerfile <<'END'
FROM base:1 AS build
WORKDIR /web
COPY package.json .
RUN echo "added 1342 packages in 2s"

# webpack with source maps
RUN echo "> web@1.4.0 build" && \
    oombox named node eat 100 4000 12
CMD ["sh"]
END
echo '{ "name": "web", "version": "1.4.0" }' >frontend/package.json
cat >backend/Dockerfile <<'END'
# The service, compiled with all cores
FROM base2:1 AS builder
ARG JOBS=8
WORKDIR /src
COPY Makefile .
RUN echo "-- Configuring done"

RUN echo "building with $JOBS jobs" && \
    oombox named cc1plus eat 220 0 10
FROM base2:1
COPY --from=builder /src /app
END
echo 'all: api' >backend/Makefile
cat >build-all <<'END'
#!/bin/sh
# What CI does: both services at once
docker build -q --network=none -t web frontend >/dev/null 2>&1 & web=$!
docker build --network=none --progress=plain -t api backend; api=$?
wait $web || exit
exit $api
END
chmod +x build-all
export DOCKER_BUILDKIT=1

say "\$ docker build frontend & docker build backend        (the builder may use $((limit >> 20)) MiB)"
"$ZTRACE" -f text="$dir/explanation" -- ./build-all
status=$?
say "That is all docker says (exit status $status). With sudo ztrace in front of it:"
echo
cat "$dir/explanation"
