/* SPDX-License-Identifier: GPL-2.0 */
/* The rest of a build: packages, archives, git, other languages, shells. */
#include "label/internal.h"

static const char *const apt_values[] = { "-o", "--option", "-t", "--target-release", "-c", "--config-file", "-X",
					  "--repository", "-p", "--root", "--releasever", "--installroot", NULL };

static bool apt(const struct command *c, struct label *ret)
{
	return find_named(ret, c->name, c->args, apt_values);
}

/* /var/cache/apt/archives/libc6_2.36-9_amd64.deb: libc6 */
static bool deb_name(const char *path, struct label *ret)
{
	const char *base = base_name(path);
	size_t n = strcspn(base, "_");

	if (!ends_with(base, ".deb"))
		return false;
	object_text(ret, base, base[n] ? n : strlen(base));
	return true;
}

/* dpkg --status-fd 20 --unpack --auto-deconfigure --recursive /tmp/apt-dpkg-install-x, --configure foo:amd64 */
static bool dpkg(const struct command *c, struct label *ret)
{
	static const char *const valued[] = { "--status-fd", "--root", "--admindir", "--instdir", NULL };
	struct words w = c->args;
	bool configure = false;
	const char *s;

	while ((s = word_next(&w)))
		configure |= !strcmp(s, "--configure");
	w = c->args;
	s = positional(&w, valued);
	if (configure && s) {
		ret->verb = LABEL_SET_UP;
		object_text(ret, s, strcspn(s, ":"));
		return *ret->object;
	}
	if (s && deb_name(s, ret))
		return true;
	ret->verb = LABEL_AS_TYPED;
	return find_typed(c, ret);
}

/* dpkg-deb --fsys-tarfile /…/libc6_2.36_amd64.deb; rpm -i foo.rpm */
static bool deb(const struct command *c, struct label *ret)
{
	struct words w = c->args;

	for (const char *s; (s = word_next(&w));)
		if (deb_name(s, ret))
			return true;
	return false;
}

/* /bin/sh /var/lib/dpkg/info/libc6:amd64.postinst configure 2.36 */
static bool maintainer(const struct command *c, struct label *ret)
{
	if (!strstr(c->path, "/dpkg/"))
		return false;
	object_text(ret, c->exact, strcspn(c->exact, ":."));
	return *ret->object;
}

/* The archive of tar: -f FILE, --file=FILE, xzf FILE. NULL: a pipe */
static const char *tar_file(const struct command *c)
{
	struct words w = c->args;
	const char *s = word_next(&w), *file = option_value(c, "--file");

	if (file)
		return file;
	for (bool first = true; s; first = false, s = word_next(&w)) {
		const char *f = first || (*s == '-' && s[1] != '-') ? strchr(s, 'f') : NULL;

		if (f && (*s == '-' || strspn(s, "ABcdfGgJjkmOoprStUuvxZz") == strlen(s)))
			return f[1] && *s == '-' ? f + 1 : word_next(&w);
	}
	return NULL;
}

static bool tar_packs(const struct command *c)
{
	struct words w = c->args;
	const char *first = word_peek(&w);

	for (const char *s; (s = word_next(&w));) {
		if (!strcmp(s, "--create") || !strcmp(s, "--append"))
			return true;
		if ((*s == '-' && s[1] != '-') || s == first)
			if (strpbrk(s, "cr") && !strpbrk(s, "xt/."))
				return true;
	}
	return false;
}

static bool tar(const struct command *c, struct label *ret)
{
	const char *file = tar_file(c);

	if (!file || !*file || !strcmp(file, "-"))
		return false;
	if (tar_packs(c))
		ret->verb = LABEL_PACK;
	object_path(ret, file);
	return true;
}

/* xz -d foo.tar.xz, gunzip -c foo.gz, unzip foo.zip */
static bool packer(const struct command *c, struct label *ret)
{
	static const char *const valued[] = { "-T", "-d", "-x", "-o", "-S", "-P", NULL };
	static const char *const none[] = { NULL };
	bool unzip = !strcmp(c->exact, "unzip"), unpack = unzip || !strncmp(c->exact, "un", 2) ||
		     !strncmp(c->exact, "gun", 3) || !strncmp(c->exact, "bun", 3) || strstr(c->exact, "cat");
	struct words w = c->args;
	const char *s;

	while ((s = word_next(&w)))
		unpack |= *s == '-' && (!strcmp(s, "--decompress") || (s[1] != '-' && strchr(s, 'd')));
	w = c->args;
	s = positional(&w, unzip ? valued : none);
	if (!s)
		return false;
	ret->verb = unpack ? LABEL_UNPACK : LABEL_PACK;
	object_path(ret, s);
	return true;
}

/* git clone --depth 1 https://host/group/project.git: project. Helpers (index-pack) are the clone's. */
static bool git(const struct command *c, struct label *ret)
{
	static const char *const valued[] = { "-C", "-c", "--git-dir", "--work-tree", "-b", "--branch", "--depth",
					      "-o", "--origin", "--reference", "-j", "--jobs", "--filter", NULL };
	struct words w = c->args;
	const char *verb = positional(&w, valued), *url;
	size_t n;

	if (!verb || !strcmp(verb, "index-pack") || !strncmp(verb, "remote-", 7))
		return false;
	if (strcmp(verb, "clone")) {
		object_text(ret, "git", 3);
		object_add(ret, verb);
		return true;
	}
	url = positional(&w, valued);
	if (!url)
		return false;
	n = strlen(url);
	while (n && url[n - 1] == '/')
		n--;
	if (n > 4 && !strncmp(url + n - 4, ".git", 4))
		n -= 4;
	for (size_t i = n; i--;)
		if (url[i] == '/' || url[i] == ':') {
			url += i + 1;
			n -= i + 1;
			break;
		}
	ret->verb = LABEL_CLONE;
	object_text(ret, url, n);
	return *ret->object;
}

/* swift-frontend -frontend -c … -module-name Core */
static bool swiftc(const struct command *c, struct label *ret)
{
	const char *s = option_value(c, "-module-name");

	if (!s || !*s)
		return false;
	object_text(ret, s, strlen(s));
	return true;
}

static bool ghc(const struct command *c, struct label *ret)
{
	struct words w = c->args;

	for (const char *s; (s = word_next(&w));)
		if (ends_with(s, ".hs") || ends_with(s, ".lhs")) {
			object_path(ret, s);
			return true;
		}
	return false;
}

/* dotnet publish -c Release; dotnet exec …/Roslyn/bincore/VBCSCompiler.dll */
static bool dotnet(const struct command *c, struct label *ret)
{
	const char *s = word_peek(&c->args);
	struct words w = c->args;

	while ((s = word_next(&w)))
		if (ends_with(s, "/VBCSCompiler.dll")) {
			ret->verb = LABEL_COMPILE_SERVER;
			ret->flags = LABEL_SERVES;
			return true;
		} else if (ends_with(s, "/csc.dll") || ends_with(s, "/MSBuild.dll")) {
			object_path(ret, base_name(s));
			return true;
		}
	return word_peek(&c->args) && find_typed(c, ret);
}

static bool script(const struct command *c, struct label *ret)
{
	if (!c->script)
		return false;
	object_path(ret, c->path);
	return true;
}

/* sh -c TEXT: says something of the shell itself; what it runs has words of its own. */
static bool shell(const struct command *c, struct label *ret)
{
	if (!c->code)
		return script(c, ret);
	ret->flags |= LABEL_OWN;
	ret->verb = LABEL_AS_TYPED;
	object_text(ret, c->code, strlen(c->code));
	return *ret->object;
}

const struct label_family label_misc = FAMILY(
	{ "misc/apt", "apt apt-get aptitude apk dnf yum microdnf zypper pacman emerge", LABEL_LEADS, apt, LABEL_AS_TYPED },
	{ "misc/dpkg", "dpkg", LABEL_LEADS, dpkg, LABEL_UNPACK },
	{ "misc/deb", "dpkg-deb", 0, deb, LABEL_UNPACK },
	{ "misc/maintainer", ".postinst .preinst .postrm .prerm .config", LABEL_LEADS, maintainer, LABEL_SET_UP },
	{ "misc/tar", "tar bsdtar gtar", 0, tar, LABEL_UNPACK },
	{ "misc/packer", "xz unxz xzcat gzip gunzip zcat pigz unpigz bzip2 bunzip2 zstd unzstd lz4 7z zip unzip", 0, packer,
	  LABEL_PACK },
	{ "misc/git", "git", LABEL_LEADS, git, LABEL_AS_TYPED },
	{ "misc/swiftc", "swift-frontend swiftc", 0, swiftc, LABEL_MODULE },
	{ "misc/ghc", "ghc", 0, ghc, LABEL_COMPILE },
	{ "misc/dotnet", "dotnet", LABEL_LEADS | LABEL_PLACE, dotnet, LABEL_AS_TYPED },
	{ "misc/typed", "swift swift-build cabal stack bundle bundler gem composer mix rebar3 dune opam flutter dart R Rscript "
	  "wasm-pack wasm-opt mksquashfs localedef doxygen sphinx-build pdflatex xelatex lualatex hugo jekyll "
	  "terraform protoc", LABEL_LEADS | LABEL_PLACE, find_typed, LABEL_AS_TYPED },
	{ "misc/init", "docker-init tini dumb-init catatonit s6-svscan", LABEL_OWN, NULL, LABEL_INIT },
	{ "misc/shell", "(sh)", 0, shell, LABEL_RUN },
	{ "misc/script", "(ruby) (perl) (php)", 0, script, LABEL_RUN },
);
