# build.sh COMPILE LINK SOURCE BUILD [FILE...]: compile and link main.go and FILEs against what `prepare.sh` left in this
# folder. The compiler prints its errors on stdout.
set -eu
compile=$1 link=$2 source=$3 build=$4
shift 4
"$compile" -p main -complete -pack -importcfg importcfg -trimpath "$source=>" -o "$build/main.a" "$source/main.go" "$@" >&2
[ $# = 0 ] || ./check importcfg "$source/main.go" "$@" >&2
"$link" -importcfg importcfg -buildmode=exe -s -w -o "$build/main" "$build/main.a" >&2
rm -f "$build/main.a"
