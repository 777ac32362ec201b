# build.sh COMPILE LINK SOURCE BUILD: compile and link one file against what `prepare.sh` left in this folder.
# The compiler prints its errors on stdout.
set -eu
"$1" -p main -complete -pack -importcfg importcfg -trimpath "$3=>" -o "$4/main.a" "$3/main.go" >&2
"$2" -importcfg importcfg -buildmode=exe -s -w -o "$4/main" "$4/main.a" >&2
rm -f "$4/main.a"
