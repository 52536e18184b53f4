# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Java's builds for real: maven, gradle with its daemon, and javac, whose JVM takes all of its heap at once.

for p in maven_compile maven_test gradle_daemon gradle_worker; do PATIENT[jvm_$p]=300; done
GREEDY=(-Xms400m -Xmx400m -XX:+AlwaysPreTouch)

# A file of Debian's own maven settings: its packages are the one repository
maven_project() {	# MODULE…
	local m
	[[ -d /usr/share/maven-repo/org/apache/maven/plugins/maven-surefire-plugin ]] || missing "no plugins of maven's"
	cat >settings.xml <<-END
	<settings><localRepository>$W/m2</localRepository>
	<mirrors><mirror><id>debian</id><mirrorOf>*</mirrorOf><url>file:///usr/share/maven-repo</url></mirror></mirrors></settings>
	END
	cat >pom.xml <<-END
	<project><modelVersion>4.0.0</modelVersion><groupId>t</groupId><artifactId>all</artifactId><version>1</version>
	<packaging>pom</packaging><modules>$(printf '<module>%s</module>' "$@")</modules>
	<properties><maven.compiler.release>11</maven.compiler.release>
	<project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties></project>
	END
	for m; do
		mkdir -p "$m/src/main/java/t" "$m/src/test/java/t"
		echo "package t; public class ${m^} { }" >"$m/src/main/java/t/${m^}.java"
		echo "package t; public class ${m^}Test { @org.junit.Test public void test() { } }" >"$m/src/test/java/t/${m^}Test.java"
		pom "$m"
	done
}
pom() {	# MODULE [PLUGIN CONFIGURATION]
	cat >"$1/pom.xml" <<-END
	<project><modelVersion>4.0.0</modelVersion>
	<parent><groupId>t</groupId><artifactId>all</artifactId><version>1</version></parent><artifactId>$1</artifactId>
	<dependencies><dependency><groupId>junit</groupId><artifactId>junit</artifactId><version>4.x</version><scope>test</scope>
	</dependency></dependencies><build><plugins>${2:+<plugin><artifactId>$2</artifactId>
	<configuration>$3</configuration></plugin>}</plugins></build></project>
	END
}
jvm_boxed() {	# MB CMD…; what stays behind (a daemon) ends with the case
	command -v "$2" >/dev/null || missing "no $2"
	boxed "$1" env HOME="$W" MAVEN_OPTS=-Xmx160m "${@:2}"
	trap 'cg_remove "$BOX"' EXIT
	traced "${IN_BOX[@]}"
	[[ $RC != 0 ]] || fail "the build passed"
	oom_read 1 "$BOX"
	check_oom ZT1001
	has i .causal "${CAUSAL-true}"
}

# The compiler's arguments are in a file: its folder is the module
scenario jvm_maven_compile
jvm_maven_compile() {
	maven_project core web
	pom web maven-compiler-plugin "<fork>true</fork><meminitial>400m</meminitial><maxmem>400m</maxmem>
		<compilerArgs><arg>-J-XX:+AlwaysPreTouch</arg></compilerArgs>"
	jvm_boxed 420 mvn -B -s settings.xml test
	has i '.victims[0].label' 'javac in web/ (mvn test)'
	grep -q 'Reactor Summary' out || fail "maven tells of no modules"
	grep -qE '^\[INFO\] web \.* FAILURE' out || fail "maven has another module failed"
}

# The tests run in a JVM of their own
scenario jvm_maven_test
jvm_maven_test() {
	maven_project core web
	pom web maven-surefire-plugin "<argLine>${GREEDY[*]}</argLine>"
	jvm_boxed 480 mvn -B -s settings.xml test
	has i '.victims[0].label' 'testing web (mvn test)'
	grep -q 'The forked VM terminated without' out || fail "maven does not miss its tests' JVM"
}

gradle_project() {	# MODULE…
	command -v gradle >/dev/null || missing 'no gradle'
	printf 'include "%s"\n' "$@" >settings.gradle
	echo "subprojects { apply plugin: 'java' }" >build.gradle
	local m
	for m; do
		mkdir -p "$m/src/main/java/t"
		echo "package t; public class ${m^} { }" >"$m/src/main/java/t/${m^}.java"
	done
	export GRADLE_USER_HOME=$W/gradle
	mkdir -p gradle
	echo 'org.gradle.jvmargs=-Xmx1g' >gradle/gradle.properties
}

# The daemon outlives its client; when it dies the client says so
scenario jvm_gradle_daemon
jvm_gradle_daemon() {
	gradle_project core web
	echo 'task eat { doLast { def all = []; while (true) all << new byte[1 << 20] } }' >web/build.gradle
	jvm_boxed 420 gradle --offline :web:eat
	has i '.victims[0].label' 'Gradle daemon (gradle :web:eat)'
	grep -q 'Gradle build daemon disappeared unexpectedly' err out || fail "gradle does not miss its daemon"
}

# A compiler of its own for one project
scenario jvm_gradle_worker
jvm_gradle_worker() {
	gradle_project core web
	printf 'compileJava.options.fork = true\ncompileJava.options.forkOptions.jvmArgs = [%s]\n' \
		"$(printf "'%s'," "${GREEDY[@]}" | sed 's/,$//')" >web/build.gradle
	# its daemon lives on, and told the client by other ways than an exit code
	CAUSAL=null jvm_boxed 600 gradle --offline build
	has i .confidence likely
	has i '.victims[0].label' 'Gradle Worker Daemon 1 (gradle build)'
	grep -q ':web:compileJava FAILED' err out || fail "gradle has another task failed"
}

scenario jvm_javac
jvm_javac() {
	command -v javac >/dev/null || missing 'no javac'
	mkdir -p core/src/t
	echo 'package t; class A { }' >core/src/t/A.java
	jvm_boxed 300 javac "${GREEDY[@]/#/-J}" -d core/build/classes core/src/t/A.java
	has i '.victims[0].label' 'compiling module core'
	same "exit status" "$RC" 137
}
