#!/usr/bin/env bash
# Run a command with a container engine and PolyRun's images: `scripts/with_engine.sh COMMAND [ARGUMENT...]`.
#
# An engine that answers already is used as it is. Otherwise, as root on Debian, one is installed and started for as long
# as the command runs, with a socket and folders of its own, on a base image made by debootstrap: nothing is pulled. Its
# images are built while the command runs. POLYRUN_TEST_ENGINE is then a folder that holds `address`, and `ready` when
# the images are there or `failed` when they cannot be. Without any engine the command runs all the same.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'engine: %s\n' "$*" >&2; }

folder=$(mktemp -d "${TMPDIR:-/var/tmp}/polyrun-engine.XXXXXX")
export POLYRUN_TEST_ENGINE=$folder
daemon='' builder=''

finish() {
  local code=$?
  trap - EXIT
  [ -z "$builder" ] || { kill -- -"$builder" 2>/dev/null || true; wait "$builder" 2>/dev/null || true; }
  [ -z "$daemon" ] || { kill "$daemon" 2>/dev/null || true; wait "$daemon" 2>/dev/null || true; }
  awk -v below="$folder/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | sort -r | xargs -r umount -l || true
  rm -rf --one-file-system "$folder"
  exit "$code"
}
trap finish EXIT

answers() { DOCKER_HOST=$1 timeout 10 .venv/bin/polyrun images list >/dev/null 2>&1; }

install_engine() {
  local missing=()
  command -v dockerd >/dev/null || missing+=(docker.io)
  command -v debootstrap >/dev/null || missing+=(debootstrap)
  [ "${#missing[@]}" -gt 0 ] || return 0
  say "installing ${missing[*]}"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } </dev/null >"$folder/apt.log" 2>&1
}

# The archive that this machine's own apt uses.
mirror() {
  local files=(/etc/apt/sources.list /etc/apt/sources.list.d/*)
  sed -nE 's/^URIs: *([^ ]+).*/\1/p; s/^deb (\[[^]]*\] *)?([^ ]+) .*/\2/p' "${files[@]}" 2>/dev/null | head -n 1
}

start_engine() {
  local state=$folder/state
  mkdir "$state"
  dockerd --data-root "$state/data" --exec-root "$state/exec" --pidfile "$state/pid" \
    -H "unix://$folder/docker.sock" >"$folder/dockerd.log" 2>&1 &
  daemon=$!
  for _ in $(seq 100); do
    answers "unix://$folder/docker.sock" && return 0
    kill -0 "$daemon" 2>/dev/null || return 1
    sleep 0.2
  done
  return 1
}

make_images() {
  export DOCKER_HOST=unix://$folder/docker.sock
  debootstrap --variant=minbase bookworm "$folder/root" "$(mirror)"
  tar -C "$folder/root" -c . | docker import - debian:bookworm-slim
  rm -rf "$folder/root"
  .venv/bin/polyrun images build || .venv/bin/polyrun images build
}

for address in "${DOCKER_HOST:-}" unix:///run/docker.sock; do
  if [ -n "$address" ] && answers "$address"; then
    echo "$address" >"$folder/address"
    DOCKER_HOST=$address .venv/bin/polyrun images build >&2 && touch "$folder/ready" || touch "$folder/failed"
    "$@"
    exit
  fi
done
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  say "there is no container engine, and only root on Debian can be given one; going on without"
elif install_engine && start_engine; then
  echo "unix://$folder/docker.sock" >"$folder/address"
  set -m # the builder gets a process group of its own, so that all of it can be ended
  { make_images >"$folder/images.log" 2>&1 && touch "$folder/ready" || touch "$folder/failed"; } </dev/null &
  builder=$!
  set +m
else
  say "the engine does not start; going on without"
  tail -n 20 "$folder"/*.log >&2 || true
fi
"$@"
