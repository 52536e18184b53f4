FROM base:1 AS a
RUN echo a
FROM base:1 AS b
RUN echo b
FROM a AS c
COPY --from=b /etc/passwd /
RUN tr '\0' '|' </proc/1/cmdline; echo c
FROM base:1 AS d
RUN echo d
ONBUILD RUN tr '\0' '|' </proc/1/cmdline; echo onb
ONBUILD WORKDIR /w
FROM d
RUN echo last
