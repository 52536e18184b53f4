// SPDX-License-Identifier: GPL-2.0
/* argv as real tools were given it (strace of builds on Debian 12; gradle, sbt, swift, dotnet: from their sources). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/i18n.h"
#include "label/internal.h"
#include "model/model.h"

/* Words NUL-separated; the literal's own NUL is the one behind the last word. */
#define ARGV(lit) lit, sizeof(lit)

struct known {
	const char *family, *words;
	const char *argv;
	size_t len;
};

#define GCC "/usr/lib/gcc/x86_64-linux-gnu/12/"
#define LTO "-plugin\0" GCC "liblto_plugin.so\0-plugin-opt=" GCC "lto-wrapper\0-plugin-opt=-fresolution=/tmp/ccZyociC.res\0"
#define RUST "/root/.rustup/toolchains/stable-x86_64-unknown-linux-gnu/"
#define GO "/usr/lib/go-1.19/pkg/tool/linux_amd64/"
#define MVN "/usr/bin/java\0-classpath\0/usr/share/maven/boot/plexus-classworlds-2.x.jar\0" \
	    "-Dclassworlds.conf=/usr/share/maven/bin/m2.conf\0-Dmaven.home=/usr/share/maven\0" \
	    "-Dmaven.multiModuleProjectDirectory=/w/core\0org.codehaus.plexus.classworlds.launcher.Launcher\0"
#define PIP "/usr/lib/python3.11/site-packages/pip/_vendor/pyproject_hooks/_in_process/_in_process.py"

static const struct known known[] = {
	{ "c/cc1", "compiling main.cc",
	  ARGV(GCC "cc1plus\0-quiet\0-imultiarch\0x86_64-linux-gnu\0-D_GNU_SOURCE\0main.cc\0-quiet\0-dumpbase\0main.cc\0"
		   "-dumpbase-ext\0.cc\0-mtune=generic\0-march=x86-64\0-O1\0-o\0/tmp/ccF0qV2a.s") },
	{ "c/cc1", "compiling compress/zstd_lazy.c",
	  ARGV(GCC "cc1\0-quiet\0.//compress/zstd_lazy.c\0-quiet\0-dumpbase\0zstd_lazy.c\0-o\0/tmp/ccF0qV2a.s") },
	{ "c/cc1", "compiling /tmp/lab/cm/src/foo.cc",
	  ARGV(GCC "cc1plus\0-quiet\0-imultiarch\0x86_64-linux-gnu\0-MD\0CMakeFiles/app.dir/src/foo.cc.d\0-MF\0"
		   "CMakeFiles/app.dir/src/foo.cc.o.d\0-MT\0CMakeFiles/app.dir/src/foo.cc.o\0-D_GNU_SOURCE\0"
		   "/tmp/lab/cm/src/foo.cc\0-quiet\0-dumpdir\0CMakeFiles/app.dir/src/\0-dumpbase\0foo.cc.cc\0"
		   "-dumpbase-ext\0.cc\0-o\0/tmp/ccubJjlN.s") },
	{ "c/cc1", "compiling x.c",
	  ARGV(GCC "cc1\0-quiet\0-I\0include\0-imultiarch\0x86_64-linux-gnu\0-D\0X=1\0x.c\0-quiet\0-dumpdir\0x.so-\0"
		   "-dumpbase\0x.c\0-flto\0-o\0/tmp/ccEdmsTR.s") },
	{ "c/cc1", "compiling y", /* from standard input, -o y.o */
	  ARGV(GCC "cc1\0-quiet\0-imultiarch\0x86_64-linux-gnu\0-\0-quiet\0-dumpbase\0y\0-o\0/tmp/ccSYtSbX.s") },
	{ "c/lto1", "optimizing x.so at link time",
	  ARGV(GCC "lto1\0-quiet\0-dumpbase\0./x.so.wpa\0-mtune=generic\0-fwpa\0-flinker-output=dyn\0@/tmp/ccgTqALI") },
	{ "c/lto1", "optimizing x.so at link time",
	  ARGV(GCC "lto1\0-quiet\0-dumpbase\0./x.so.ltrans0.ltrans\0-fltrans\0@/tmp/ccAicP90\0-o\0/tmp/ccmLwh4w.s") },
	{ "c/clang", "compiling src/main.cc",
	  ARGV("/usr/lib/llvm-14/bin/clang\0-cc1\0-triple\0x86_64-pc-linux-gnu\0-emit-obj\0-main-file-name\0main.cc\0"
	       "-mrelocation-model\0pic\0-o\0/tmp/main-7068c2.o\0-x\0c++\0src/main.cc") },
	{ "c/clang", "assembling a.s", ARGV("clang-14\0-cc1as\0-triple\0x\0-main-file-name\0a.s\0-o\0a.o\0a.s") },
	{ "c/clang", "compiling main.cc", ARGV("clang\0-c\0main.cc\0-o\0m.o") },
	{ "c/clang", "linking a.out", ARGV("clang++\0-fuse-ld=lld\0main.o\0foo.o\0-o\0a.out") },
	{ "c/driver", "compiling /tmp/lab/cm/src/foo.cc",
	  ARGV("/usr/bin/c++\0-MD\0-MT\0CMakeFiles/app.dir/src/foo.cc.o\0-MF\0CMakeFiles/app.dir/src/foo.cc.o.d\0-o\0"
	       "CMakeFiles/app.dir/src/foo.cc.o\0-c\0/tmp/lab/cm/src/foo.cc") },
	{ "c/driver", "linking app", ARGV("g++\0-o\0app\0main.o\0sub/foo.o") },
	{ "c/driver", "linking a.out", ARGV("cc\0main.o") },
	{ "c/driver", "assembling boot.S", ARGV("gcc\0-c\0boot.S") },
	{ "c/driver", "compiling a.cc", ARGV("ccache\0g++-12\0-c\0a.cc") },
	{ "c/driver", "compiling x.c", ARGV("/opt/x/bin/aarch64-linux-gnu-gcc-12\0-I\0inc\0-c\0x.c") },
	{ "c/driver", "compiling k/flash.cu",
	  ARGV("/usr/local/cuda/bin/nvcc\0-gencode\0arch=compute_80,code=sm_80\0-c\0k/flash.cu\0-o\0flash.o") },
	{ "c/as", "assembling main.o", ARGV("as\0--64\0-o\0main.o\0/tmp/ccF0qV2a.s") },
	{ "c/ld", "linking app",
	  ARGV(GCC "collect2\0" LTO "--build-id\0-m\0elf_x86_64\0-pie\0-o\0app\0main.o") },
	{ "c/ld", "linking x.so", ARGV("/usr/bin/ld\0" LTO "-shared\0-o\0x.so\0x.o") },
	{ "c/ld", "linking a.out", ARGV("/usr/bin/ld.lld\0-pie\0-o\0a.out\0/tmp/main-7068c2.o") },
	{ "c/driver", "compiling t.c", ARGV("x86_64-linux-gnu-gcc\0-c\0t.c\0-o\0t.o") }, /* distcc's child */
	{ "c/driver", "compiling t.c", ARGV("distcc\0gcc\0-c\0t.c\0-o\0t.o") },
	{ "c/driver", "compiling a.cc", ARGV("/usr/bin/g++\0-c\0a.cc\0-o\0a.o") }, /* ccache's */
	{ "c/ld", "linking app", ARGV("/usr/libexec/mold/ld\0-pie\0-o\0app\0a.o") },
	{ "c/ld", "linking app", ARGV("/usr/bin/mold\0-run\0ld\0-o\0app\0a.o") },
	{ "c/ld", "linking app", ARGV("/usr/bin/ld.gold\0-plugin\0" GCC "liblto_plugin.so\0-o\0app\0a.o") },
	{ "c/ld", "linking app", ARGV("/usr/bin/ld.lld-14\0-z\0relro\0-o\0app\0-plugin-opt=O2\0a.o") },
	{ "c/ar", "archiving libx.a", ARGV("ar\0rcs\0libx.a\0a.o\0b.o") },

	{ "rust/rustc", "compiling crate app",
	  ARGV(RUST "bin/rustc\0--crate-name\0app\0--edition=2021\0src/main.rs\0--error-format=json\0--crate-type\0bin\0"
		    "-C\0opt-level=3\0--out-dir\0/tmp/lab/rust/target/release/deps") },
	{ "rust/rustc", "build script of crate ring",
	  ARGV(RUST "bin/rustc\0--crate-name\0build_script_build\0build.rs\0--crate-type\0bin\0--out-dir\0"
		    "/tmp/lab/rust/target/release/build/ring-c20f5dfce70a0142") },
	{ "rust/rustc", "compiling main.rs", ARGV("rustc\0-O\0main.rs") },
	{ "rust/rustc", "compiling crate serde_json", ARGV("sccache\0rustc\0--crate-name\0serde_json\0src/lib.rs") },
	{ "rust/build-script", "build script of crate app",
	  ARGV("/tmp/lab/rust/target/release/build/app-c20f5dfce70a0142/build-script-build") },
	{ "rust/cargo", "cargo build --release", ARGV(RUST "bin/cargo\0build\0--release") },

	{ "go/compile", "compiling package example.com/app/pkg/srv",
	  ARGV(GO "compile\0-o\0/tmp/go-build703964912/b002/_pkg_.a\0-trimpath\0/tmp/go-build703964912/b002=>\0-p\0"
		  "example.com/app/pkg/srv\0-lang=go1.19") },
	{ "go/compile", "compiling package runtime",
	  ARGV(GO "asm\0-p\0runtime\0-trimpath\0/tmp/go-build7/b008=>\0-o\0/tmp/go-build7/b008/asm.o\0./asm.s") },
	{ "go/cgo", "cgo for package example.com/app/pkg/srv",
	  ARGV(GO "cgo\0-objdir\0/tmp/go-build7/b002/\0-importpath\0example.com/app/pkg/srv\0--\0-g\0-O2\0srv.go") },
	{ "go/link", "linking a.out",
	  ARGV(GO "link\0-o\0/tmp/go-build703964912/b001/exe/a.out\0-importcfg\0/tmp/x\0-buildmode=exe") },
	{ "go/go", "go build -o app .", ARGV("go\0build\0-o\0app\0.") },

	{ "js/manager", "npm run build", ARGV("node\0/usr/bin/npm\0run\0build") },
	{ "js/manager", "npm run build", ARGV("npm run build\0\0\0\0") },
	{ "js/manager", "npm ci", ARGV("node\0/usr/lib/node_modules/npm/bin/npm-cli.js\0ci") },
	{ "js/manager", "yarn build", ARGV("/usr/bin/node\0/app/.yarn/releases/yarn-3.6.1.cjs\0build") },
	{ "js/manager", "pnpm install --frozen-lockfile", ARGV("node\0/usr/bin/pnpm\0install\0--frozen-lockfile") },
	{ "js/tool", "webpack --mode production",
	  ARGV("node\0--max-old-space-size=4096\0/app/node_modules/.bin/webpack\0--mode\0production") },
	{ "js/tool", "tsc -p .", ARGV("node\0-r\0./x.js\0/app/node_modules/typescript/bin/tsc\0-p\0.") },
	{ "js/tool", "esbuild a.ts --bundle --outfile=o.js", ARGV("/w/node_modules/@esbuild/linux-x64/bin/esbuild\0a.ts\0--bundle\0--outfile=o.js") },
	{ "js/tool", "webpack --mode production", ARGV("node\0/w/node_modules/webpack-cli/bin/../../webpack/bin/webpack.js\0--mode\0production") },
	{ "js/tool", "tsc -p web", ARGV("node\0/usr/bin/tsc\0-p\0web") },
	{ "js/tool", "vite build", ARGV("node\0/app/node_modules/vite/bin/vite.js\0build") },
	{ "js/node-gyp", "node-gyp rebuild", ARGV("node\0/usr/lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js\0rebuild") },
	{ "js/script", "running build.js", ARGV("node\0build.js") },

	{ "jvm/javac", "compiling src/main/java/x/A.java", ARGV("javac\0-d\0out\0src/main/java/x/A.java") },
	{ "jvm/javac", "compiling module core",
	  ARGV("javac\0-d\0/w/core/target/classes\0-encoding\0UTF-8\0@/tmp/l.txt") },
	{ "jvm/javac", "compiling Main.kt",
	  ARGV("java\0-Xmx256M\0-cp\0/opt/kotlin-compiler.jar\0org.jetbrains.kotlin.cli.jvm.K2JVMCompiler\0Main.kt") },
	{ "jvm/maven", "mvn package", ARGV(MVN "-o\0-q\0package") },
	{ "jvm/maven", "mvn clean install", ARGV("/bin/sh\0/usr/bin/mvn\0-B\0clean\0install") },
	{ "jvm/surefire", "testing core",
	  ARGV("java\0-Xmx1g\0-jar\0/w/core/target/surefire/surefirebooter2024.jar\0/w/core/target/surefire\0x") },
	{ "jvm/gradle", "gradle assemble",
	  ARGV("java\0-Xmx64m\0-classpath\0/w/gradle/wrapper/gradle-wrapper.jar\0org.gradle.wrapper.GradleWrapperMain\0"
	       "assemble\0--no-daemon") },
	{ "jvm/gradle-daemon", "Gradle daemon",
	  ARGV("/usr/lib/jvm/17/bin/java\0-XX:MaxMetaspaceSize=384m\0-Xmx512m\0-cp\0/g/lib/gradle-launcher-8.5.jar\0"
	       "org.gradle.launcher.daemon.bootstrap.GradleDaemon\0" "8.5") },
	{ "jvm/gradle-worker", "Gradle Worker Daemon 1",
	  ARGV("java\0-Xmx9m\0worker.org.gradle.process.internal.worker.GradleWorkerMain\0'Gradle Worker Daemon 1'") },
	{ "jvm/javac", "javac", ARGV("javac\0@/tmp/org.codehaus.plexus.compiler.javac.JavacCompiler722arguments") },
	{ "jvm/gradle-worker", "Gradle Test Executor 3",
	  ARGV("java\0@/root/.gradle/.tmp/gradle-worker-classpath1.txt\0-Xmx512m\0"
	       "worker.org.gradle.process.internal.worker.GradleWorkerMain\0Gradle Test Executor 3") },
	{ "jvm/kotlin-daemon", "Kotlin compile daemon",
	  ARGV("java\0-cp\0/k.jar\0org.jetbrains.kotlin.daemon.KotlinCompileDaemon\0--daemon-runFilesPath\0/tmp/k") },
	{ "jvm/sbt", "sbt compile", ARGV("java\0-Xms1g\0-jar\0/usr/share/sbt/bin/sbt-launch.jar\0compile") },
	{ "jvm/ant", "ant dist",
	  ARGV("java\0-classpath\0/a.jar\0-Dant.home=/a\0org.apache.tools.ant.launch.Launcher\0-cp\0x\0dist") },
	{ "jvm/java", "running target/tool.jar", ARGV("java\0-Xmx1g\0-jar\0target/tool.jar\0in") },
	{ "jvm/java", "running x.Main", ARGV("java\0-cp\0target/classes\0x.Main\0in") },

	{ "py/pip", "pip install numpy",
	  ARGV("/usr/bin/python3\0-m\0pip\0install\0--no-cache-dir\0--index-url\0http://i/simple\0numpy") },
	{ "py/pip", "pip install -r requirements.txt",
	  ARGV("/usr/local/bin/python3.11\0/usr/local/bin/pip3\0install\0-r\0requirements.txt") },
	{ "py/hook", "building a wheel", ARGV("/usr/bin/python3\0" PIP "\0build_wheel\0/tmp/tmporjyaenm") },
	{ "py/hook", "preparing a package's metadata",
	  ARGV("/usr/bin/python3.11\0" PIP "\0prepare_metadata_for_build_wheel\0/tmp/tmp57hejrfi") },
	{ "py/setup", "setup.py build_ext", ARGV("python3\0-u\0setup.py\0build_ext\0-j4") },
	{ "py/setup", "building the wheel of my_pkg",
	  ARGV("python\0/tmp/pip-install-k3x_9q/my_pkg_0123456789abcdef0123456789abcdef/setup.py\0bdist_wheel") },
	{ "py/build", "building a wheel", ARGV("python3\0-m\0build\0--wheel\0.") },
	{ "py/test", "pytest -n 4 tests", ARGV("python3\0-m\0pytest\0-n\0" "4\0tests") },
	{ "py/test", "pytest tests/test_a.py", ARGV("/v/bin/python\0/v/bin/pytest\0tests/test_a.py") },
	{ "py/cython", "compiling src/fast.pyx", ARGV("/v/bin/python\0/v/bin/cython\0-o\0fast.c\0src/fast.pyx") },
	{ "py/script", "running train.py", ARGV("python3\0-u\0train.py\0--rank\0" "0") },
	{ "py/script", "building the wheel of numpy",
	  ARGV("/usr/bin/python3\0-u\0-c\0import io, os, sys, setuptools; sys.argv[0] = "
	       "'\"'/tmp/pip-install-k3x_9q/numpy_0123456789abcdef0123456789abcdef/setup.py'\"'; exec(code)\0bdist_wheel") },

	{ "make/make", "make", ARGV("make\0-j2") },
	{ "make/make", "make -C sub foo.o", ARGV("make\0-C\0sub\0foo.o") },
	{ "make/make", "make -C bm all", ARGV("/usr/bin/make\0-Cbm\0-j\0" "8\0CC=gcc\0all") },
	{ "make/make", "make CMakeFiles/app.dir/build",
	  ARGV("make\0-s\0-f\0CMakeFiles/app.dir/build.make\0CMakeFiles/app.dir/build") },
	{ "make/ninja", "ninja app", ARGV("/usr/bin/ninja\0-j\0" "4\0app") },
	{ "make/ninja", "ninja -C out", ARGV("ninja\0-C\0out") },
	{ "make/cmake", "cmake --build b --target app", ARGV("cmake\0--build\0b\0--target\0app") },
	{ "make/other", "meson compile -C out", ARGV("/usr/bin/python3\0/usr/bin/meson\0compile\0-C\0out") },

	{ "misc/apt", "apt-get install build-essential", ARGV("apt-get\0-o\0Dpkg::Use-Pty=0\0install\0-y\0build-essential") },
	{ "misc/dpkg", "unpacking foo", ARGV("dpkg\0--root=/tmp/lab/root\0--unpack\0foo_1.0_all.deb") },
	{ "misc/dpkg", "setting up foo", ARGV("/usr/bin/dpkg\0--status-fd\0" "20\0--configure\0foo:amd64") },
	{ "misc/dpkg", "dpkg --configure --pending", ARGV("/usr/bin/dpkg\0--configure\0--pending") },
	{ "misc/deb", "unpacking foo", ARGV("dpkg-deb\0--fsys-tarfile\0foo_1.0_all.deb") },
	{ "misc/maintainer", "setting up libc6",
	  ARGV("/bin/sh\0/var/lib/dpkg/info/libc6:amd64.postinst\0configure\0" "2.36-9") },
	{ "misc/maintainer", "setting up foo", ARGV("/var/lib/dpkg/info/foo.postinst\0configure\0") },
	{ "misc/tar", "unpacking x.tgz", ARGV("tar\0xzf\0x.tgz\0-C\0/tmp/lab/root") },
	{ "misc/tar", "unpacking x.tgz", ARGV("tar\0--extract\0--file\0x.tgz\0-C\0root") },
	{ "misc/tar", "packing y.txz", ARGV("tar\0-cJf\0y.txz\0g") },
	{ "misc/tar", "unpacking src.tar", ARGV("busybox\0tar\0-x\0-f\0src.tar") },
	{ "misc/packer", "unpacking y.txz", ARGV("xz\0-dk\0y.txz") },
	{ "misc/packer", "unpacking x.tgz", ARGV("/bin/sh\0/usr/bin/gunzip\0-c\0x.tgz") },
	{ "misc/packer", "packing big.img", ARGV("zstd\0-19\0big.img") },
	{ "misc/git", "cloning r", ARGV("git\0clone\0-q\0file:///tmp/lab/g/r\0c") },
	{ "misc/git", "cloning llvm-project", ARGV("git\0clone\0--depth\0" "1\0https://h/llvm/llvm-project.git") },
	{ "misc/git", "cloning b", ARGV("git\0clone\0git@h:a/b.git/") },
	{ "misc/git", "git submodule", ARGV("git\0-C\0/w\0submodule\0update") },
	{ "misc/swiftc", "compiling module Core",
	  ARGV("/usr/bin/swift-frontend\0-frontend\0-c\0-primary-file\0a.swift\0-module-name\0Core\0-o\0a.o") },
	{ "misc/ghc", "compiling src/Main.hs", ARGV("/usr/lib/ghc/bin/ghc\0-B/usr/lib/ghc\0--make\0src/Main.hs") },
	{ "misc/dotnet", "dotnet publish -c Release", ARGV("dotnet\0publish\0-c\0Release") },
	{ "misc/dotnet", "compile server",
	  ARGV("/usr/bin/dotnet\0exec\0/usr/share/dotnet/sdk/8.0/Roslyn/bincore/VBCSCompiler.dll\0-pipename:x") },
	{ "misc/typed", "swift-build -c release", ARGV("/usr/bin/swift-build\0-c\0release") },
	{ "misc/typed", "bundle install", ARGV("ruby3.1\0/usr/bin/bundle\0install") },
	{ "misc/typed", "composer install", ARGV("/usr/bin/php8.2\0-d\0memory_limit=-1\0/usr/bin/composer.phar\0install") },
	{ "misc/typed", "localedef -i en_US -f UTF-8 en_US.UTF-8", ARGV("localedef\0-i\0en_US\0-f\0UTF-8\0en_US.UTF-8") },
	{ "misc/init", "init of the container", ARGV("/sbin/docker-init\0--\0npm\0start") },
	{ "misc/shell", "cd /src && make -j4", ARGV("/bin/sh\0-c\0cd /src && \tmake\n-j4") },
	{ "misc/shell", "make -j4", ARGV("/bin/bash\0-o\0pipefail\0-ec\0make -j4") },
	{ "misc/shell", "running libtool", ARGV("/bin/bash\0./libtool\0--tag=CC\0--mode=compile\0gcc\0-c\0x.c\0-o\0x.lo") },
	{ "misc/shell", "running configure", ARGV("/bin/sh\0./configure\0--prefix=/usr") },
	{ "misc/script", "running gen.pl", ARGV("/usr/bin/perl\0-w\0gen.pl") },
};

/* What says nothing that the name does not: no label, and its ancestor's counts. */
static const struct known unknown[] = {
	{ NULL, NULL, ARGV("") },
	{ NULL, NULL, ARGV("oombox\0eat\0" "200") },
	{ NULL, NULL, ARGV("gcc\0--version") },
	{ NULL, NULL, ARGV("gcc\0@/tmp/cc1TptIa") },
	{ NULL, NULL, ARGV(GCC "cc1") },
	{ NULL, NULL, ARGV(GCC "lto-wrapper\0@/tmp/x") },
	{ NULL, NULL, ARGV("as\0--64\0-o\0/tmp/ccGpQmdh.o\0/tmp/ccEdmsTR.s") },
	{ NULL, NULL, ARGV("rustc\0-vV") },
	{ NULL, NULL, ARGV("rustc\0-\0--crate-name\0___\0--print=cfg") },
	{ NULL, NULL, ARGV("./link\0-o\0x") },
	{ NULL, NULL, ARGV("./compile\0-p\0x") },
	{ NULL, NULL, ARGV("/w/build-script-build") },
	{ NULL, NULL, ARGV("node") },
	{ NULL, NULL, ARGV("node\0-e\0console.log(1)") },
	{ NULL, NULL, ARGV("node\0/app/node_modules/jest-worker/build/workers/processChild.js") },
	{ NULL, NULL, ARGV("python3\0-c\0from multiprocessing.spawn import spawn_main; spawn_main(7)\0--multiprocessing-fork") },
	{ NULL, NULL, ARGV("python3") },
	{ NULL, NULL, ARGV("bash") },
	{ NULL, NULL, ARGV("-bash") },
	{ NULL, NULL, ARGV("java\0-version") },
	{ NULL, NULL, ARGV("tar\0-x\0-f\0-\0--warning=no-timestamp") },
	{ NULL, NULL, ARGV("gzip\0-d") },
	{ NULL, NULL, ARGV("/usr/lib/git-core/git\0index-pack\0--stdin") },
	{ NULL, NULL, ARGV("/usr/bin/cmake\0-E\0cmake_echo_color\0Building") },
	{ NULL, NULL, ARGV("\0gcc\0-c\0x.c") },
	{ NULL, NULL, ARGV("/") },
};

static void says(const struct known *k)
{
	char words[LABEL_TEXT_MAX];
	const struct label_row *row = NULL;
	struct label l;

	if (!label_find(k->argv, k->len, &l, &row))
		fail_msg("%s: not recognised (%s)", k->argv, k->words);
	label_words(words, sizeof(words), l.verb, l.object);
	if (strcmp(words, k->words) || strcmp(row->family, k->family))
		fail_msg("%s: '%s' by %s, expected '%s' by %s", k->argv, words, row->family, k->words, k->family);
}

static void real_commands(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		says(&known[i]);
}

static void nothing_to_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		struct label l;

		if (label_find(unknown[i].argv, unknown[i].len, &l, NULL))
			fail_msg("%s: '%s'", unknown[i].argv, l.object);
		assert_int_equal(l.verb, LABEL_NONE);
	}
}

static void every_row_is_tested(void **state)
{
	(void)state;
	for (size_t f = 0; label_families[f]; f++)
		for (size_t r = 0; r < label_families[f]->n; r++) {
			bool seen = false;

			for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
				seen |= !strcmp(known[i].family, label_families[f]->rows[r].family);
			if (!seen)
				fail_msg("no argv for %s", label_families[f]->rows[r].family);
		}
}

static void every_verb_has_words(void **state)
{
	char words[LABEL_TEXT_MAX];

	(void)state;
	for (unsigned int v = LABEL_NONE + 1; v < LABEL_VERBS; v++)
		assert_true(label_words(words, sizeof(words), v, "x") > 0);
	assert_int_equal(label_words(words, sizeof(words), LABEL_NONE, "x"), 0);
	assert_int_equal(label_words(words, sizeof(words), 200, "x"), 0);
	assert_int_equal(label_words(words, 5, LABEL_COMPILE, "x"), 4);
	assert_string_equal(words, "comp");
}

/* The input lies behind more than the model keeps of argv, or behind what was captured. */
static void long_argv(void **state)
{
	char argv[32768] = "cc1plus";
	size_t n = 8;
	struct label l;

	(void)state;
	while (n < 32000)
		n += (size_t)sprintf(argv + n, "-I/usr/include/some/folder/%zu", n) + 1;
	memcpy(argv + n, "src/very.cc", 12);
	assert_true(label_find(argv, n + 12, &l, NULL));
	assert_string_equal(l.object, "src/very.cc");
	assert_false(label_find(argv, n + 6, &l, NULL)); /* "src/ve", cut: not a name to tell */
	assert_false(label_find(argv, n, &l, NULL));
}

static void long_objects(void **state)
{
	static const char deep[] = "cc1\0/builds/group/project/third_party/protobuf/src/google/protobuf/compiler/x.cc";
	static const char flat[] = "cc1\0"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.cc";
	static const char text[] = "sh\0-c\0"
		"\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245"
		"\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245\346\227\245"
		"\346\227\245\346\227\245\346\227\245\346\227\245";
	struct label l;

	(void)state;
	assert_true(label_find(deep, sizeof(deep), &l, NULL));
	assert_string_equal(l.object, "…/third_party/protobuf/src/google/protobuf/compiler/x.cc");
	assert_true(label_find(flat, sizeof(flat), &l, NULL));
	assert_int_equal(strlen(l.object), sizeof(l.object) - 1);
	assert_true(ends_with(l.object, "a.cc"));
	assert_true(label_find(text, sizeof(text), &l, NULL));
	assert_true(ends_with(l.object, "\346\227\245…"));
}

/* --- with ancestors --- */

#define PROCS 6
struct tree {
	struct model m;
	struct proc p[PROCS]; /* each the child of the one before */
};

static void grow(struct tree *t, const char *argv[], const size_t len[], size_t n)
{
	memset(t, 0, sizeof(*t));
	for (size_t i = 0; i < n; i++) {
		t->p[i] = (struct proc){ .id = { .tgid = (zt_u32)i + 1 }, .cgroup = 7 };
		t->p[i].parent = i ? &t->p[i - 1] : NULL;
		label_find(argv[i], len[i], &t->p[i].label, NULL);
	}
}

#define GROW(t, ...)                                                                               \
	do {                                                                                       \
		const struct { const char *s; size_t n; } w[] = { __VA_ARGS__ };                   \
		const char *a[PROCS];                                                              \
		size_t l[PROCS], count = sizeof(w) / sizeof(w[0]);                                 \
		for (size_t i = 0; i < count; i++)                                                 \
			a[i] = w[i].s, l[i] = w[i].n;                                              \
		grow(t, a, l, count);                                                              \
	} while (0)

static void under_make(void **state)
{
	const struct label *lead, *own;
	struct tree t;

	(void)state;
	GROW(&t, { ARGV("make\0-j4") }, { ARGV("make\0-C\0sub\0foo.o") }, { ARGV("g++\0-c\0foo.cc") },
	     { ARGV("cc1plus\0-quiet\0foo.cc\0-o\0/tmp/x.s") });
	own = model_doing(&t.m, &t.p[3], &lead);
	assert_non_null(own);
	assert_string_equal(own->object, "foo.cc");
	assert_non_null(lead);
	assert_string_equal(lead->object, "make -C sub foo.o");
}

static void silent_child_of_npm(void **state)
{
	const struct label *lead, *own;
	struct step s = { 0 };
	struct tree t;

	(void)state;
	GROW(&t, { ARGV("/bin/sh\0-c\0npm run build") }, { ARGV("node\0/usr/bin/npm\0run\0build") },
	     { ARGV("sh\0-c\0node -e x") }, { ARGV("node\0-e\0x") });
	t.p[0].step = &s;
	own = model_doing(&t.m, &t.p[3], &lead);
	assert_non_null(own);
	assert_string_equal(own->object, "npm run build");
	assert_null(lead);
	/* a shell tells of itself, not of its children */
	own = model_doing(&t.m, &t.p[2], &lead);
	assert_string_equal(own->object, "node -e x");
	assert_non_null(lead);
	assert_string_equal(lead->object, "npm run build");
}

/* Beyond the step's first process, in another cgroup, or above the traced command: somebody else's work */
static void where_ancestors_end(void **state)
{
	struct step s = { 0 };
	struct tree t;

	(void)state;
	GROW(&t, { ARGV("make\0check") }, { ARGV("/bin/sh\0-c\0oombox eat 200") }, { ARGV("oombox\0eat\0" "200") });
	assert_null(model_doing(&t.m, &t.p[2], NULL)); /* a daemon's starter, for all we know */
	t.p[0].step = &s;
	assert_string_equal(model_doing(&t.m, &t.p[2], NULL)->object, "make check");
	t.p[0].step = NULL;
	t.m.child = &t.p[0];
	assert_string_equal(model_doing(&t.m, &t.p[2], NULL)->object, "make check");
	t.p[0].cgroup = 8;
	assert_null(model_doing(&t.m, &t.p[2], NULL));
	t.p[0].cgroup = 7;
	t.m.child = &t.p[1];
	assert_null(model_doing(&t.m, &t.p[2], NULL));
	t.m.child = NULL;
	t.p[1].step = &s;
	assert_null(model_doing(&t.m, &t.p[2], NULL));
	assert_null(model_doing(&t.m, &t.p[1], NULL)); /* the step's own text */
	t.p[1].step = NULL;
	t.p[0].parent = &t.p[2]; /* pids that went round */
	t.p[0].label.verb = LABEL_NONE;
	assert_null(model_doing(&t.m, &t.p[2], NULL));
}

/* A daemon that another client had started does not work for that one any more */
static void daemons(void **state)
{
	const struct label *lead, *own;
	struct tree t;

	(void)state;
	GROW(&t, { ARGV("java\0org.gradle.launcher.GradleMain\0build") },
	     { ARGV("java\0org.gradle.launcher.daemon.bootstrap.GradleDaemon\0" "4.4.1") },
	     { ARGV("java\0worker.org.gradle.process.internal.worker.GradleWorkerMain\0'Gradle Worker Daemon 1'") });
	t.m.child = &t.p[0];
	t.m.now_ns = 50;
	own = model_doing(&t.m, &t.p[2], &lead);
	assert_string_equal(own->object, "Gradle Worker Daemon 1");
	assert_string_equal(lead->object, "gradle build");
	t.p[0].exit_ns = 40;
	model_doing(&t.m, &t.p[2], &lead);
	assert_null(lead);
	t.p[2].exit_ns = 30; /* it heard of it */
	model_doing(&t.m, &t.p[2], &lead);
	assert_string_equal(lead->object, "gradle build");
}

static const char *placed(const char *base, const char *dir)
{
	static struct label l;

	label_place(&l, base, dir);
	return l.place;
}

static void places(void **state)
{
	struct label l;

	(void)state;
	assert_string_equal(placed("/w", "/w/web"), "web/");
	assert_string_equal(placed("/w", "/w"), "");
	assert_string_equal(placed("/w", "/web"), "/web");
	assert_string_equal(placed("/", "/web"), "/web");
	assert_string_equal(placed(NULL, "/src"), "/src");
	assert_string_equal(placed("/w", "/w/a/b\n\033c"), "a/b c/");
	assert_string_equal(placed("/w", "/w/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/bbbbbbbbbbbbbbbbbbbb"), "…/bbbbbbbbbbbbbbbbbbbb/");
	/* which folder it is may be said already */
	assert_true(label_find(ARGV("make\0all"), &l, NULL));
	assert_true(l.flags & LABEL_PLACE);
	assert_true(label_find(ARGV("make\0-C\0sub\0all"), &l, NULL));
	assert_false(l.flags & LABEL_PLACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_commands),	cmocka_unit_test(nothing_to_say),
		cmocka_unit_test(every_row_is_tested),	cmocka_unit_test(every_verb_has_words),
		cmocka_unit_test(long_argv),		cmocka_unit_test(long_objects),
		cmocka_unit_test(under_make),		cmocka_unit_test(silent_child_of_npm),
		cmocka_unit_test(where_ancestors_end),	cmocka_unit_test(daemons),
		cmocka_unit_test(places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
