#!/usr/bin/env bash
# Make this checkout ready to run: toolchains from Debian and npm (as root; otherwise it says what is missing), a
# virtual environment in .venv, and PolyRun in it with what its tests need. Quick when there is nothing to do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# program : Debian package that brings it; tcl is for the example in CONTRIBUTING.md
toolchains=(
  gcc:gcc g++:g++ ruby:ruby perl:perl go:golang-go javac:default-jdk-headless node:nodejs npm:npm rustc:rustc
  lua5.4:lua5.4 php:php-cli R:r-base-core tclsh:tcl
)

# npm packages for `tsc`; exact, so that the verdict on a commit does not change with the day
typescript=(typescript@7.0.2 @types/node@20.19.43)

say() { printf 'setup: %s\n' "$*" >&2; }

have() {
  command -v "$1" >/dev/null 2>&1 || { [ "$1" = rustc ] && [ -x "${HOME:-/nonexistent}/.cargo/bin/rustc" ]; }
}

# The first real Python that is new enough: also looks past shims that stand first on PATH.
find_python() {
  local candidate
  for candidate in python3.13 python3.12 python3.11 python3 /usr/bin/python3 /usr/local/bin/python3; do
    "$candidate" -c 'import sys; sys.version_info >= (3, 11) or sys.exit(1); print(sys.executable)' 2>/dev/null && return
  done
  return 1
}

# Whether .venv is complete; one that was begun without Debian's python3-venv has a Python but no pip.
environment_works() {
  .venv/bin/python -c 'import sys, pip; sys.version_info >= (3, 11) or sys.exit(1)' 2>/dev/null
}

missing_packages() {
  local pair
  for pair in "${toolchains[@]}"; do
    have "${pair%%:*}" || echo "${pair#*:}"
  done
  [ -e /usr/include/stdio.h ] || echo libc6-dev
  if ! environment_works; then
    if python=$(find_python); then
      "$python" -c 'import ensurepip, venv' 2>/dev/null || "$python" -c 'import sys
print(f"python3.{sys.version_info.minor}-venv")'
    else
      printf '%s\n' python3 python3-venv
    fi
  fi
}

install_packages() {
  local packages
  mapfile -t packages < <(missing_packages)
  [ "${#packages[@]}" -gt 0 ] || return 0
  if ! command -v apt-get >/dev/null 2>&1; then
    say "missing, and there is no apt-get to install them with: ${packages[*]}"
  elif [ "$(id -u)" -ne 0 ]; then
    say "missing: ${packages[*]}"
    say "install them with: sudo apt-get update && sudo apt-get install --no-install-recommends ${packages[*]}"
    say "going on with what is there"
  else
    say "installing ${packages[*]} (takes a few minutes)"
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
    logged "${apt[@]}" update || say "the package lists could not be renewed; trying with the old ones"
    logged "${apt[@]}" install -y --no-install-recommends "${packages[@]}" ||
      say "not everything could be installed; going on with what is there"
  fi
}

# Whether there is a compiler for TypeScript, with the types of Node beside it.
have_typescript() {
  local compiler
  compiler=$(command -v tsc) && [ -d "$(dirname "$(readlink -f "$compiler")")/../../@types/node" ]
}

install_typescript() {
  have_typescript && return
  if ! command -v npm >/dev/null 2>&1; then
    say "missing, and there is no npm to install them with: ${typescript[*]}"
  elif [ "$(id -u)" -ne 0 ]; then
    say "missing: ${typescript[*]}"
    say "install them with: sudo npm install --global ${typescript[*]}"
    say "going on with what is there"
  else
    say "installing ${typescript[*]}"
    logged npm install --global --no-audit --no-fund "${typescript[@]}" ||
      say "TypeScript could not be installed; going on with what is there"
  fi
}

# Run a command quietly; show the end of what it printed when it fails.
logged() {
  local log
  log=$(mktemp)
  if "$@" </dev/null >"$log" 2>&1; then
    rm -f "$log"
  else
    tail -n 30 "$log" >&2
    rm -f "$log"
    return 1
  fi
}

# What the environment depends on; another path, interpreter or pyproject.toml means another environment.
wanted_stamp() {
  { pwd -P; .venv/bin/python -VV; cat pyproject.toml; } 2>/dev/null | sha256sum | cut -d' ' -f1
}

make_environment() {
  local python
  if ! environment_works; then
    python=$(find_python) || { say "no Python 3.11 or newer was found"; exit 2; }
    say "making .venv with $python"
    logged "$python" -m venv --clear .venv || { say "\`$python -m venv\` failed; is python3-venv installed?"; exit 2; }
  fi
  [ "$(cat .venv/.setup-stamp 2>/dev/null)" != "$(wanted_stamp)" ] || return 0
  say "installing PolyRun and its development tools into .venv"
  # `pip install --group` needs a newer pip than Debian's, so the group is read here
  .venv/bin/python -c 'import tomllib
print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"], sep="\n")' >.venv/dev-requirements.txt
  export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
  logged .venv/bin/python -m pip install --retries 5 -e . -r .venv/dev-requirements.txt ||
    { say "pip could not install everything"; exit 2; }
  wanted_stamp >.venv/.setup-stamp
}

# Two `make` at once must not build one environment twice.
if command -v flock >/dev/null 2>&1; then
  exec 9>.setup.lock
  flock 9
fi
install_packages
install_typescript
make_environment
