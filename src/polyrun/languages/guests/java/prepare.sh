# prepare.sh FOLDER [--values] GUEST JAVA JAVAC JAR [FLAG...]: put the compiler of blocks into FOLDER, with `--values`
# also the library for blocks with values.
#
# The archive of its loaded classes halves the time of a compilation. It holds only for a class path that is spelt the
# same, so both now and later the folder is entered and the path is a bare name.
set -eu
folder=$1
shift
values=
if [ "$1" = --values ]; then
  values=yes
  shift
fi
guest=$1 java=$2 javac=$3 jar=$4
shift 4
cd "$folder"
mkdir classes sample out
"$javac" -encoding UTF-8 -d classes "$guest"/compiler/*.java
"$jar" --create --file compile.jar -C classes .
cat >sample/sample <<'JAVA'
import java.util.*;
public class Sample {
  record Pair(String name, int count) {}
  public static void main(String[] args) {
    var pairs = new ArrayList<>(List.of(new Pair("a", 1)));
    pairs.forEach(pair -> System.out.println(pair.name() + pair.count()));
  }
}
JAVA
if [ -n "$values" ]; then
  mkdir library
  "$javac" -encoding UTF-8 -d library "$guest"/values/polyrun/*.java
  "$jar" --create --no-compress --file values.jar -C library .
  cp "$guest"/sample/polyrun_imports.java sample
fi
"$java" "$@" -XX:ArchiveClassesAtExit=compile.jsa -cp compile.jar Compile sample out sample >archive.log 2>&1 ||
  "$java" "$@" -cp compile.jar Compile sample out sample
rm -rf classes sample out library archive.log
