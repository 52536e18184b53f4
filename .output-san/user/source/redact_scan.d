.output-san/user/source/redact_scan.o: user/source/redact_scan.c \
 user/source/redact_scan.h user/source/redact_read.h \
 user/source/redact_rule.h
user/source/redact_scan.h:
user/source/redact_read.h:
user/source/redact_rule.h:
