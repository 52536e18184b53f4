.output-san/user/source/redact_read.o: user/source/redact_read.c \
 user/source/redact_read.h user/source/redact_rule.h
user/source/redact_read.h:
user/source/redact_rule.h:
