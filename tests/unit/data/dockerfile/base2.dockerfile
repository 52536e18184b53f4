FROM base:1
ENV FROMBASE="b v" PATH=/bin:/sbin
SHELL ["/bin/busybox","sh","-c"]
WORKDIR /base/wd
ONBUILD ENV TRIG=1
ONBUILD RUN tr '\0' '|' </proc/1/cmdline; echo $TRIG onbuild
ONBUILD COPY . /trig
