/* SPDX-License-Identifier: GPL-2.0 */
/* Java and its kin: the class that java runs tells the tool. */
#include "label/internal.h"

/* core/target/…, core/build/…: the folder that holds the build's output is the module. false: no such path */
static bool module_of(const char *path, struct label *ret)
{
	static const char *const outs[] = { "/target/", "/build/" };

	for (size_t i = 0; i < sizeof(outs) / sizeof(outs[0]); i++) {
		const char *end = strstr(path, outs[i]), *start = end;

		if (!end || end == path)
			continue;
		while (start > path && start[-1] != '/')
			start--;
		object_text(ret, start, (size_t)(end - start));
		return true;
	}
	return false;
}

static const char *const javac_values[] = {
	"-d", "-s", "-h", "-cp", "-classpath", "--class-path", "-sourcepath", "--source-path", "-processorpath",
	"--processor-path", "-processor", "-encoding", "-source", "--source", "-target", "--target", "--release", "-p",
	"--module-path", "--add-modules", "--module-version", "-m", "--module", "--module-source-path", "-implicit",
	"-jvm-target", "-module-name", "-language-version", "-api-version", NULL,
};

/* javac -d core/target/classes … src/main/java/x/A.java; of `javac @FILE`, as maven starts it, the module's folder tells */
static bool compiler(const struct command *c, struct label *ret)
{
	const char *out = option_value(c, "-d"), *s;
	struct words w = c->args;

	if (out && module_of(out, ret)) {
		ret->verb = LABEL_MODULE;
		return true;
	}
	while ((s = positional(&w, javac_values))) {
		if (*s != '@') {
			object_path(ret, s);
			return true;
		}
		*ret = (struct label){ .verb = LABEL_AS_TYPED, .flags = LABEL_PLACE };
		object_text(ret, c->name, strlen(c->name));
	}
	return *ret->object;
}

static bool maven(const struct command *c, struct label *ret)
{
	static const char *const valued[] = { "-f", "--file", "-pl", "--projects", "-P", "-s", "--settings", "-T",
					      "--threads", "-rf", "-l", "-gs", "-t", "-D", NULL };

	return find_named(ret, "mvn", c->args, valued);
}

static bool gradle(const struct command *c, struct label *ret)
{
	static const char *const valued[] = { "-p", "--project-dir", "-b", "-c", "-I", "--init-script", "-g", "-x",
					      "--exclude-task", "--max-workers", "--include-build", NULL };

	return find_named(ret, "gradle", c->args, valued);
}

static bool sbt(const struct command *c, struct label *ret)
{
	static const char *const none[] = { NULL };

	return find_named(ret, "sbt", c->args, none);
}

static bool ant(const struct command *c, struct label *ret)
{
	static const char *const valued[] = { "-f", "-buildfile", "-cp", "-lib", "-logger", "-listener", NULL };

	return find_named(ret, "ant", c->args, valued);
}

/* … GradleWorkerMain 'Gradle Test Executor 3', with those quotes */
static bool gradle_worker(const struct command *c, struct label *ret)
{
	const char *s = word_peek(&c->args);

	if (!s)
		return false;
	s += *s == '\'';
	object_text(ret, s, strcspn(s, "'"));
	return *ret->object;
}

/* java -jar /w/core/target/surefire/surefirebooter123.jar: the tests of core */
static bool surefire(const struct command *c, struct label *ret)
{
	return c->jar && module_of(c->jar, ret);
}

/* A jar by its file, a class by its last names */
static bool java(const struct command *c, struct label *ret)
{
	if (!c->script)
		return false;
	object_path(ret, c->path);
	return true;
}

const struct label_family label_jvm = FAMILY(
	{ "jvm/javac", "javac kotlinc scalac com.sun.tools.javac.Main org.jetbrains.kotlin.cli.jvm.K2JVMCompiler "
	  "scala.tools.nsc.Main", 0, compiler, LABEL_COMPILE },
	{ "jvm/maven", "mvn mvnw org.codehaus.plexus.classworlds.launcher.Launcher "
	  "org.apache.maven.wrapper.MavenWrapperMain", LABEL_LEADS | LABEL_PLACE, maven, LABEL_AS_TYPED },
	{ "jvm/surefire", "surefirebooter", 0, surefire, LABEL_TEST },
	{ "jvm/gradle", "gradle gradlew org.gradle.wrapper.GradleWrapperMain gradle-wrapper "
	  "org.gradle.launcher.GradleMain", LABEL_LEADS | LABEL_PLACE, gradle, LABEL_AS_TYPED },
	{ "jvm/gradle-daemon", "org.gradle.launcher.daemon.bootstrap.GradleDaemon", LABEL_SERVES, NULL,
	  LABEL_GRADLE_DAEMON },
	{ "jvm/gradle-worker", "worker.org.gradle.process.internal.worker.GradleWorkerMain", 0, gradle_worker,
	  LABEL_AS_TYPED },
	{ "jvm/kotlin-daemon", "org.jetbrains.kotlin.daemon.KotlinCompileDaemon", LABEL_SERVES, NULL, LABEL_KOTLIN_DAEMON },
	{ "jvm/sbt", "sbt sbt-launch xsbt.boot.Boot", LABEL_LEADS | LABEL_PLACE, sbt, LABEL_AS_TYPED },
	{ "jvm/ant", "ant org.apache.tools.ant.launch.Launcher", LABEL_LEADS | LABEL_PLACE, ant, LABEL_AS_TYPED },
	{ "jvm/java", "(java)", 0, java, LABEL_RUN },
);
