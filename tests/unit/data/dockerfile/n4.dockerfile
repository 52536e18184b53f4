FROM base:2
RUN tr '\0' '|' </proc/1/cmdline; echo $FROMBASE $TRIG
WORKDIR rel
RUN tr '\0' '|' </proc/1/cmdline; pwd
