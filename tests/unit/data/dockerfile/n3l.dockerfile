FROM base:1 AS named
RUN tr '\0' '|' </proc/1/cmdline; echo ${A:-x}
RUN tr "\0" "|" </proc/1/cmdline; echo ${PATH:+set}
ADD file.txt /f
ENV A=1 B=$A
ENV C one two  "three"
RUN tr '\0' '|' </proc/1/cmdline; echo $A $B $C
RUN ["cat","/etc/passwd"] trailing rubbish
RUN true
RUN true && true
RUN echo   spaces    kept
run echo lower
Run echo Mixed
