FROM base:1
RUN tr "\0" "|" </proc/1/cmdline; echo crlf \
  next
CMD ["x"]
