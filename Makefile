# SPDX-License-Identifier: GPL-2.0
# ztrace: V=1 shows commands, O=DIR builds elsewhere, SAN=1 adds ASan and UBSan, DESTDIR= and PREFIX= install.
VERSION  := 0.1.0
O        ?= .output$(if $(SAN),-san)
PREFIX   ?= /usr/local
CC       ?= gcc
CLANG    ?= $(firstword $(shell command -v clang-14 clang 2>/dev/null) clang)
BPFTOOL  ?= $(firstword $(shell PATH=$$PATH:/usr/sbin command -v bpftool 2>/dev/null) bpftool)
ARCH     := $(shell uname -m | sed 's/aarch64/arm64/')
BPFARCH  := $(patsubst x86_64,x86,$(ARCH))
Q        := $(if $(V),,@)
say       = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)')

WARN     := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wshadow -Werror
comma    := ,
SANFLAGS := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
CPPFLAGS += -D_GNU_SOURCE -DZTRACE_VERSION='"$(VERSION)"' -DZTRACE_LOCALEDIR='"$(PREFIX)/share/locale"' \
            -DZTRACE_LIBDIR='"$(PREFIX)/lib/ztrace"' \
            -DHASH_NONFATAL_OOM=1 -Iinclude -Iuser -I$O
CFLAGS   ?= -O2 -g
ZCFLAGS   = -std=gnu2x $(WARN) $(CFLAGS) -fno-strict-aliasing -fPIE $(SANFLAGS) -MMD -MP
LDLIBS    = -lbpf -lelf -lz -ljansson -lcap-ng -lyaml -lncursesw -ltinfo
ZLDFLAGS  = $(LDFLAGS) -pie $(SANFLAGS)

SRCS     := $(filter-out user/shim/%,$(sort $(wildcard user/*.c user/*/*.c)))
OBJS     := $(SRCS:%.c=$O/%.o)
LIBOBJS  := $(filter-out $O/user/main.o,$(OBJS))
BPFSRCS  := $(filter-out bpf/probe.bpf.c,$(sort $(wildcard bpf/*.bpf.c)))
# ztrace.bpf.o defines the maps: libbpf 1.1's linker misplaces a map that it meets as an extern first.
BPFOBJS  := $O/bpf/ztrace.bpf.o $(filter-out $O/bpf/ztrace.bpf.o,$(BPFSRCS:%.c=$O/%.o))
UNIT     := $(patsubst %.c,$O/%,$(wildcard tests/unit/test_*.c))
TOOLS    := $(patsubst tools/%.c,$O/tools/%,$(wildcard tools/*.c))
FUZZ     := $(patsubst %.c,$O/%,$(wildcard tests/fuzz/fuzz_*.c))

.DELETE_ON_ERROR:
.SECONDARY:
SUITES   := unit san fuzz golden formats tui po install layers shell shim e2e net loop
.PHONY: all clean install uninstall docs FORCE tools unit fuzz check $(SUITES:%=check-%) check-root check-vm demo bench soak deps
SHIM     := $O/libztrace-shim.so
all: $O/ztrace $(SHIM) tools docs

$O/ztrace: $(OBJS)
	$(call say,LINK,$@)
	$Q$(CC) $(ZLDFLAGS) -o $@ $^ $(LDLIBS)

# One file for any x86-64 Linux, whatever is installed there.
.PHONY: static
static: $O/ztrace-static
$O/ztrace-static: $(OBJS)
	$(call say,LINK,$@)
	$Q$(CC) $(LDFLAGS) -static-pie -s -o $@ $^ $(LDLIBS) 2>&1 | { ! grep -vE 'warning: Using|in function'; }

# Loaded into other people's programs: nothing but libc, no sanitizer, and everything bound when it is loaded.
$(SHIM): $(wildcard user/shim/*.[ch]) include/ztrace/shim.h include/ztrace/event.h
	$(call say,SHIM,$@)
	$Qmkdir -p $(@D); ln -sfn . $O/beside-libasan.so
	$Q$(CC) -std=gnu2x -D_GNU_SOURCE -Iinclude -Iuser $(WARN) -O2 -g -fPIC -fvisibility=hidden -fno-builtin \
		-fno-stack-protector -shared -Wl,-z,now -Wl,-z,defs -o $@ $(filter %.c,$^)

$O/libztrace.a: $(LIBOBJS)
	$(call say,AR,$@)
	$Qrm -f $@; ar rcs $@ $^

$O/user/%.o: user/%.c
	$(call say,CC,$@)
	$Qmkdir -p $(@D)
	$Q$(CC) $(CPPFLAGS) $(ZCFLAGS) -c -o $@ $<

# The BPF programs: every bpf/*.bpf.c linked into one object, one skeleton.
$O/bpf/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$@)
	$Qmkdir -p $(@D)
	$Q$(CLANG) -O2 -g -target bpf -D__TARGET_ARCH_$(BPFARCH) -Wall -Werror -Wno-unused-function \
		-Ivmlinux/$(ARCH) -Iinclude -MMD -MP -c -o $@ $<

$O/ztrace.bpf.o: $(BPFOBJS)
	$(call say,BPFLINK,$@)
	$Q$(BPFTOOL) gen object $@ $^

$O/ztrace.skel.h: $O/ztrace.bpf.o
	$(call say,SKEL,$@)
	$Q$(BPFTOOL) gen skeleton $< name ztrace_bpf > $@

# What is generated for a file is there before it is compiled, for the fuzzers as well.
both      = $O/user/$(1).o $O/fuzz/user/$(1).o
$(call both,source/bpf): $O/ztrace.skel.h

tools: $(TOOLS) $O/tools/oombox
$O/tools/%: tools/%.c $O/libztrace.a
	$(call say,TOOL,$@)
	$Qmkdir -p $(@D)
	$Q$(CC) $(CPPFLAGS) $(ZCFLAGS) $(ZLDFLAGS) -o $@ $< $O/libztrace.a $(LDLIBS)

# The failure laboratory: small, static and without our library, for it runs inside build steps.
$O/tools/oombox: $(wildcard tools/oombox/*.c) tools/oombox/oombox.h
	$(call say,TOOL,$@)
	$Qmkdir -p $(@D)
	$Q$(CC) -std=gnu2x -D_GNU_SOURCE $(WARN) -O1 -static -pthread -o $@ $(filter %.c,$^)

unit: $(UNIT)
$O/tests/unit/%: tests/unit/%.c $O/libztrace.a
	$(call say,UNIT,$@)
	$Qmkdir -p $(@D)
	$Q$(CC) $(CPPFLAGS) $(ZCFLAGS) $(ZLDFLAGS) -Wno-missing-prototypes -o $@ $< $O/libztrace.a $(LDLIBS) -lcmocka

fuzz: $(FUZZ)
# Fuzzers link our library as clang instruments it.
FUZZFLAGS := -std=gnu2x -O1 -g -fno-sanitize-recover=undefined -MMD -MP
FUZZOBJS  := $(SRCS:%.c=$O/fuzz/%.o)
$O/fuzz/user/%.o: user/%.c
	$(call say,FUZZCC,$@)
	$Qmkdir -p $(@D)
	$Q$(CLANG) $(CPPFLAGS) $(FUZZFLAGS) -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<
$O/fuzz/libztrace.a: $(filter-out $O/fuzz/user/main.o,$(FUZZOBJS))
	$(call say,AR,$@)
	$Qrm -f $@; ar rcs $@ $^
$O/tests/fuzz/%: tests/fuzz/%.c $O/fuzz/libztrace.a
	$(call say,FUZZ,$@)
	$Qmkdir -p $(@D)
	$Q$(CLANG) $(CPPFLAGS) $(FUZZFLAGS) -fsanitize=fuzzer,address,undefined -o $@ $< $O/fuzz/libztrace.a $(LDLIBS)

# The JSON Schema and the page's style sheet go into the binary as bytes.
$O/html_css.inc: user/render/html/page.css
$O/report_schema.inc: user/render/schema/report.schema.json
$O/report_schema.inc $O/html_css.inc:
	$(call say,BYTES,$@)
	$Qmkdir -p $(@D)
	$Qod -An -v -tx1 $< | sed 's/ \(..\)/0x\1,/g; $$s/,$$//' > $@

$(call both,render/schema): $O/report_schema.inc
$(call both,render/html): $O/html_css.inc

# Languages: user/po/LANG.po, found by the binary in $O/locale or $(PREFIX)/share/locale.
POS      := $(wildcard user/po/*.po)
MOS      := $(POS:user/po/%.po=$O/locale/%/LC_MESSAGES/ztrace.mo)
XGETTEXT  = xgettext --language=C --from-code=UTF-8 --keyword=_ --keyword=N_ --keyword=zt_ngettext:1,2 \
            --add-comments=zh --package-name=ztrace --sort-by-file --no-wrap
.PHONY: locale pot po
all unit: locale
locale: $(MOS)
$O/locale/%/LC_MESSAGES/ztrace.mo: user/po/%.po
	$(call say,MSGFMT,$@)
	$Qmkdir -p $(@D)
	$Qmsgfmt -c -o $@ $<

# They are in the binary as well, for one that was copied to a server, or linked statically.
$O/catalogues.inc: $(MOS)
	$(call say,BYTES,$@)
	$Qfor l in $(POS:user/po/%.po=%); do echo "static const uint8_t catalogue_$$l[] = {"; \
		od -An -v -tx1 $O/locale/$$l/LC_MESSAGES/ztrace.mo | sed 's/ \(..\)/0x\1,/g'; echo '};'; done > $@
	$Q{ echo 'static const struct catalogue catalogues[] = {'; for l in $(POS:user/po/%.po=%); do \
		echo "{ \"$$l\", catalogue_$$l, sizeof(catalogue_$$l) },"; done; echo '};'; } >> $@
$(call both,base/builtin): $O/catalogues.inc

pot: $O/ztrace.pot
$O/ztrace.pot: $(SRCS)
	$(call say,XGETTEXT,$@)
	$Qmkdir -p $(@D)
	$Q$(XGETTEXT) --add-location=file -o $@ $(SRCS) && sed -i '/^"POT-Creation-Date:/d' $@

# Takes new and changed sentences into every user/po/*.po, to be translated there.
po: $O/ztrace.pot
	$Qfor f in $(POS); do msgmerge -q --update --backup=none --add-location=file --no-wrap $$f $<; done

# The manual and the completion come from the option tables themselves.
docs: $O/ztrace.1 $O/ztrace.bash
$O/ztrace.1 $O/ztrace.bash: $O/tools/gen-docs
	$(call say,DOC,$@)
	$Q$< $(if $(filter %.1,$@),man,bash) > $@

# The binary knows where its languages are installed: another PREFIX, another object.
$O/user/base/i18n.o $O/user/cmd/fallback.o: $O/prefix
$O/prefix: FORCE
	$Qmkdir -p $(@D); echo '$(PREFIX)' | cmp -s - $@ || echo '$(PREFIX)' > $@

SHARE     = $(DESTDIR)$(PREFIX)/share
# for CIs' definitions and clusters: /usr/local/share/ztrace/ci/github/job-completed.sh …
CIFILES  := $(patsubst tools/%,%,$(shell find tools/ci tools/k8s -type f))
UNITS     = $(DESTDIR)$(PREFIX)/lib/systemd/system
MOFILES   = $(POS:user/po/%.po=%/LC_MESSAGES/ztrace.mo)
install: $O/ztrace $(SHIM) docs locale
	install -D -m 755 $O/ztrace $(DESTDIR)$(PREFIX)/bin/ztrace
	install -D -m 755 $(SHIM) $(DESTDIR)$(PREFIX)/lib/ztrace/libztrace-shim.so
	ln -sfn . $(DESTDIR)$(PREFIX)/lib/ztrace/beside-libasan.so
	install -D -m 644 $O/ztrace.1 $(SHARE)/man/man1/ztrace.1
	install -D -m 644 $O/ztrace.bash $(SHARE)/bash-completion/completions/ztrace
	$Qfor f in $(MOFILES); do install -D -m 644 $O/locale/$$f $(SHARE)/locale/$$f || exit 1; done
	$Qfor f in $(CIFILES); do \
		mode=644; [ ! -x tools/$$f ] || mode=755; install -D -m $$mode tools/$$f $(SHARE)/ztrace/$$f || exit 1; \
	done
	$Qmkdir -p $(UNITS) && sed 's,@PREFIX@,$(PREFIX),' tools/ztrace.service.in >$(UNITS)/ztrace.service
	$Qchmod 644 $(UNITS)/ztrace.service
uninstall:
	rm -f $(UNITS)/ztrace.service $(DESTDIR)$(PREFIX)/bin/ztrace $(SHARE)/man/man1/ztrace.1 $(SHARE)/bash-completion/completions/ztrace \
		$(MOFILES:%=$(SHARE)/locale/%) $(CIFILES:%=$(SHARE)/ztrace/%) \
		$(DESTDIR)$(PREFIX)/lib/ztrace/beside-libasan.so $(DESTDIR)$(PREFIX)/lib/ztrace/libztrace-shim.so
	-rmdir $(DESTDIR)$(PREFIX)/lib/ztrace

# Installs what is missing (Debian), then every suite; the closing line adds them up. check-e2e needs root.
check:
	$QO=$O tools/check.sh
$(SUITES:%=check-%): check-%:
	$QO=$O tools/check.sh $*
check-root: check-e2e
# Every scenario in guests with real Debian kernels: KERNEL="6.12 …" for some, HOOKS=kprobe for one row; some forty
# minutes. check has a subset of it.
check-vm: all
	$QO=$O $(if $(HOOKS),HOOKS='$(HOOKS)') tests/vm/run $(KERNEL)
# The daemon under builds, kills, restarts and kill -9; what it and the kernel say is compared. Needs root.
soak: all
	tests/soak/run $(or $(MINUTES),60)
deps:
	$Qtools/install-deps.sh
demo:
	$Qtools/demo.sh

# Ratios, never asserted. Needs root.
bench: $O/ztrace $(SHIM) $O/bench/spawn $O/bench/tiny
	$Qpython3 tests/bench/run $O
$O/bench/spawn: tests/bench/spawn.c
	$Qmkdir -p $(@D)
	$Q$(CC) $(WARN) -O2 -o $@ $<
$O/bench/tiny:
	$Qmkdir -p $(@D)
	$Qecho 'int main(void){return 0;}' | $(CC) -O2 -static -o $@ -x c -

clean:
	rm -rf .output .output-san

-include $(OBJS:.o=.d) $(FUZZOBJS:.o=.d) $(BPFOBJS:.o=.d) $(TOOLS:=.d) $(UNIT:=.d) $(FUZZ:=.d)
