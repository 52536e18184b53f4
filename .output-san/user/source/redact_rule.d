.output-san/user/source/redact_rule.o: user/source/redact_rule.c \
 user/source/redact_rule.h user/base/cleanup.h
user/source/redact_rule.h:
user/base/cleanup.h:
