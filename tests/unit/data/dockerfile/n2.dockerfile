FROM base:1
RUN --mount=type=cache,target=/cache tr '\0' '|' </proc/1/cmdline; echo single
