# prepare.sh FOLDER GO: make the compiled standard library known to `build.sh`.
#
# Old releases come with it; for others it is compiled here, once. The paths are relative to FOLDER, because it is
# seen under another name later.
set -eu
folder=$1 go=$2
cd "$folder"
export GOCACHE="$PWD/cache" GOPATH="$PWD/path" GOENV=off GOTOOLCHAIN=local GOPROXY=off GO111MODULE=off
shipped=$("$go" env GOROOT)/pkg/$("$go" env GOOS)_$("$go" env GOARCH)/fmt.a
[ -f "$shipped" ] || export CGO_ENABLED=0
"$go" list -export -f '{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}' std >absolute
sed "s#=$PWD/#=#" absolute >importcfg
rm -rf absolute path
