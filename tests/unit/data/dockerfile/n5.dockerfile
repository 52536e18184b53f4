# escape=`
FROM base:1
ENV X=c:\dir Y="q `$z"
RUN tr '\0' '|' </proc/1/cmdline; echo `
  a\ `
`
  $X "$Y"
COPY file.txt `
     /back\slash
