# prepare.sh FOLDER GUEST GO COMPILE LINK: make the compiled standard library known to `build.sh`, and compile the package
# `polyrun` and the program `check`.
#
# Old releases come with it; for others it is compiled here, once. The paths are relative to FOLDER, because it is
# seen under another name later.
set -eu
folder=$1 guest=$2 go=$3 compile=$4 link=$5
cd "$folder"
export GOCACHE="$PWD/cache" GOPATH="$PWD/path" GOENV=off GOTOOLCHAIN=local GOPROXY=off GO111MODULE=off
shipped=$("$go" env GOROOT)/pkg/$("$go" env GOOS)_$("$go" env GOARCH)/fmt.a
[ -f "$shipped" ] || export CGO_ENABLED=0
"$go" list -export -f '{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}' std >absolute
sed "s#=$PWD/#=#" absolute >importcfg
rm -rf absolute path
"$compile" -p polyrun -complete -pack -importcfg importcfg -trimpath "$guest=>" -o polyrun.a "$guest"/polyrun/*.go >&2
echo packagefile polyrun=polyrun.a >>importcfg
"$compile" -p main -complete -pack -importcfg importcfg -trimpath "$guest=>" -o check.a "$guest/check/check.go" >&2
"$link" -importcfg importcfg -buildmode=exe -s -w -o check check.a >&2
rm check.a
