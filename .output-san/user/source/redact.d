.output-san/user/source/redact.o: user/source/redact.c \
 user/source/redact.h user/source/redact_scan.h user/source/redact_read.h \
 user/source/redact_rule.h
user/source/redact.h:
user/source/redact_scan.h:
user/source/redact_read.h:
user/source/redact_rule.h:
