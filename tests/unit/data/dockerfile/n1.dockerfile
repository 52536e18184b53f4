# escape=\
# a comment

ARG VER=3
ARG TAG=${VER:+1}
FROM --platform=linux/amd64 base:${TAG} AS Builder
WORKDIR /src
env FOO=bar BAZ="a b" \
   Q='x y'
ARG VER
ARG UNSET
ARG GIVEN=no
RUN tr '\0' '|' </proc/1/cmdline; echo $FOO "${BAZ}" $NOPE ${NOPE:-x} ${FOO:+yes} $VER $UNSET $GIVEN \
    # comment

    && echo "two  spaces"	tab   
run ["cat", "/\u0065tc/passwd"]
RUN [ -f x ] || tr '\0' '|' </proc/1/cmdline; echo "$FOO" '$FOO' \$FOO $$ $1 "\$FOO" "a\nb" c\d
COPY "file.txt" ${NOPE}/dest-$FOO
FROM scratch
WORKDIR /
WORKDIR .
COPY --from=builder /bin /bin
COPY --from=0 /etc /etc
WORKDIR sub/$FOO
SHELL ["/bin/busybox","sh","-ec"]
RUN	tr '\0' '|' </proc/1/cmdline; echo "$PATH ${PATH} ${FOO}"
FROM builder as third
RUN tr '\0' '|' </proc/1/cmdline; echo $FOO $VER $GIVEN "unbalanced' quotes"
RUN tr '\0' '|' </proc/1/cmdline; echo $FOO it\'s $FOO
COPY --from=1 /bin/sh /x
