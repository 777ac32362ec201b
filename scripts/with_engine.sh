#!/usr/bin/env bash
# Run a command with a container engine and PolyRun's images: `scripts/with_engine.sh COMMAND [ARGUMENT...]`.
#
# An engine that answers already is used as it is, but in CI only if no other can be had. Otherwise, as root on Debian,
# one is installed and started for as long as the command runs, with a socket and folders of its own, on a base image
# made by debootstrap: nothing is pulled. It knows gVisor, and what tests of other engines need is installed, too. Its
# images are built while the command runs. POLYRUN_TEST_ENGINE is then a folder that holds `address`, and `ready` when
# the images are there or `failed` when they cannot be. Without any engine the command runs all the same.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# program : Debian package that brings it
needed=(dockerd:docker.io debootstrap:debootstrap)
wanted=(runsc:runsc podman:podman ip:iproute2 openssl:openssl)
[ "${CI:-}" != true ] || wanted+=(sshd:openssh-server ssh:openssh-client) # not on machines of which somebody takes care

say() { printf 'engine: %s\n' "$*" >&2; }

folder=$(mktemp -d "${TMPDIR:-/var/tmp}/polyrun-engine.XXXXXX")
export POLYRUN_TEST_ENGINE=$folder
daemon='' builder='' policy=''

finish() {
  local code=$?
  trap - EXIT
  trap '' INT TERM HUP
  [ -z "$builder" ] || { kill -- -"$builder" 2>/dev/null || true; wait "$builder" 2>/dev/null || true; }
  [ -z "$daemon" ] || { kill "$daemon" 2>/dev/null || true; wait "$daemon" 2>/dev/null || true; }
  awk -v below="$folder/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | sort -r | xargs -r umount -l || true
  rm -rf --one-file-system "$folder" ${policy:+"$policy"}
  exit "$code"
}
trap finish EXIT

# Start a command in the background; its process group is its own, so that a signal for one is none for the others.
background() {
  set -m
  "$@" &
  set +m
}

answers() { DOCKER_HOST=$1 timeout 10 .venv/bin/polyrun images list >/dev/null 2>&1; }

running_engine() {
  local address
  for address in "${DOCKER_HOST:-}" unix:///run/docker.sock; do
    if [ -n "$address" ] && answers "$address"; then
      echo "$address"
      return
    fi
  done
}

# Install what is missing of pairs like those above.
install_missing() {
  local pair missing=()
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  say "installing ${missing[*]}"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } </dev/null >>"$folder/apt.log" 2>&1
}

install_engine() {
  if [ ! -e /usr/sbin/policy-rc.d ]; then # what starts the services of packages asks it (invoke-rc.d(8))
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
  fi
  install_missing "${needed[@]}" || return
  install_missing "${wanted[@]}" || say "not everything could be installed: ${wanted[*]#*:}"
}

# The archive that this machine's own apt uses.
mirror() {
  local files=(/etc/apt/sources.list /etc/apt/sources.list.d/*)
  sed -nE 's/^URIs: *([^ ]+).*/\1/p; s/^deb (\[[^]]*\] *)?([^ ]+) .*/\2/p' "${files[@]}" 2>/dev/null | head -n 1
}

# gVisor needs no KVM with `ptrace`, and no network: containers have none.
runtimes() {
  local path
  path=$(command -v runsc) || { echo '{}'; return; }
  printf '{"runtimes":{"runsc":{"path":"%s","runtimeArgs":["--platform=ptrace","--network=none"]}}}' "$path"
}

start_engine() {
  local state=$folder/state
  mkdir "$state"
  runtimes >"$state/daemon.json"
  background env -u TMPDIR dockerd --config-file "$state/daemon.json" --data-root "$state/data" --exec-root "$state/exec" \
    --pidfile "$state/pid" -H "unix://$folder/docker.sock" </dev/null >"$folder/dockerd.log" 2>&1
  daemon=$! # gVisor's own user must be able to enter what `TMPDIR` names
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
  # as the official images have it: no waiting for the disk, no pages to read
  printf '%s\n' force-unsafe-io 'path-exclude /usr/share/doc/*' 'path-exclude /usr/share/man/*' \
    'path-exclude /usr/share/locale/*' >"$folder/root/etc/dpkg/dpkg.cfg.d/container"
  tar -C "$folder/root" -c . | docker import - debian:bookworm-slim
  rm -rf "$folder/root"
  .venv/bin/polyrun images build || .venv/bin/polyrun images build
}

# Make the images, and leave word of how that went.
prepare() {
  "$@" && touch "$folder/ready" || touch "$folder/failed"
}

# Run the command to its end. What ends this script interrupts it, and waits until it has cleaned up.
run() {
  local code=0
  background "$@"
  local command=$!
  trap 'kill -INT -- -"$command" 2>/dev/null || true' INT TERM HUP
  wait "$command" || code=$?
  while kill -0 "$command" 2>/dev/null; do
    wait "$command" || code=$?
  done
  exit "$code"
}

use() {
  echo "$1" >"$folder/address"
  DOCKER_HOST=$1 prepare .venv/bin/polyrun images build >&2
}

found=$(running_engine)
if [ -n "$found" ] && [ "${CI:-}" != true ]; then
  use "$found"
elif [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null && install_engine && start_engine; then
  echo "unix://$folder/docker.sock" >"$folder/address"
  background prepare make_images </dev/null >"$folder/images.log" 2>&1
  builder=$!
else
  say "no engine can be started (it takes root on Debian); going on ${found:+with }${found:-without}"
  tail -n 20 "$folder"/*.log >&2 || true
  [ -z "$found" ] || use "$found"
fi
run "$@"
