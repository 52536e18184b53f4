FROM base:1
COPY --from=base:2 /etc/passwd /
RUN tr '\0' '|' </proc/1/cmdline; echo 1
RUN echo 2
RUN echo 3
RUN echo 4
RUN echo 5
RUN echo 6
RUN echo 7
RUN echo 8 '中文' $PATH，x "é $HOME"
RUN echo 9
RUN echo 10
