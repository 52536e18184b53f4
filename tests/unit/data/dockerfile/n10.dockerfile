FROM base:1 AS one
RUN --mount=type=secret,id=tok tr '\0' '|' </proc/1/cmdline; echo ${one:-1}
FROM one
FROM one AS two
RUN --mount=type=bind,from=one,target=/one --mount=type=tmpfs,target=/t tr '\0' '|' </proc/1/cmdline; echo "${PATH:?no}" ${PATH}x$PATH.y
ARG A=1 B=$A
RUN tr '\0' '|' </proc/1/cmdline; echo A$A B$B C
ENV PATH=$PATH:/opt D="$D\$D" E='$PATH'
ARG D=argd
RUN tr '\0' '|' </proc/1/cmdline; echo $D $E; echo $PATH
