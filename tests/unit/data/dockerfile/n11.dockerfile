FROM base:1 AS h
RUN <<EOF
tr '\0' '|' </proc/1/cmdline | tr '\n' '~'
echo $PATH
EOF
RUN <<-"E F"
	tr '\0' '|' </proc/1/cmdline | tr '\n' '~'
	: "x y"
	E F
RUN cat <<A 3<<'B' >/x; tr '\0' '|' </proc/1/cmdline | tr '\n' '~'
one $PATH
A
two
B
RUN <<-EOF
	#!/bin/sh -e
	tr '\0' '|' </proc/1/cmdline
	:
	EOF
RUN <<X sh -e
tr '\0' '|' </proc/1/cmdline | tr '\n' '~'
:
X
COPY <<f <<'g' /etc/
RUN not me $PATH
f
x
g
RUN ["cat","/etc/f"]
RUN tr '\0' '|' </proc/1/cmdline; v=abc; echo ${v#a} ${PATH:+set} ${v/b/c} 2>/dev/null || :
ENV V=a.b.c W=
RUN tr '\0' '|' </proc/1/cmdline; echo ${V#*.} ${V%.*} ${V##*.} ${V%%.*} ${V/./-} ${V//./-} ${W-x} ${W:-y} ${V+z} ${U-u}
RUN --mount=type=bind,target=/c --network=none tr '\0' '|' </proc/1/cmdline; echo it 
FROM h
ARG A=1 B=$A
WORKDIR /a/../
WORKDIR /b//c/
RUN tr '\0' '|' </proc/1/cmdline; echo $A$B $TARGETARCH
ONBUILD RUN <<EOF
tr '\0' '|' </proc/1/cmdline | tr '\n' '~'; :
EOF
