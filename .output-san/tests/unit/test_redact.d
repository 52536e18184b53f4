.output-san/tests/unit/test_redact: tests/unit/test_redact.c \
 user/base/cleanup.h user/source/redact.h
user/base/cleanup.h:
user/source/redact.h:
