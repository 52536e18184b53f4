FROM base:1
RUN tr '\0' '|' </proc/1/cmdline; x=abc; echo ${x#a} ${PATH:+set}
RUN tr '\0' '|' </proc/1/cmdline; echo ${A-x}
