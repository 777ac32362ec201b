# Values of a Bash block: sourced before its first line; sets what it imports, and hands over its exports at its end.
# The inbox holds words, see `values/shell_form.py`; the outbox is CBOR, see docs/value-files.md.

if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
  echo "values need Bash 4.4 or later" >&2
  exit 70
fi

declare -gA __polyrun_types=()
declare -ga __polyrun_exports=()
declare -g __polyrun_prefix= __polyrun_done= __polyrun_files=0

__polyrun_take() {
  local -a words
  local -i at=1 n
  local kind name
  mapfile -d '' -t words <"$POLYRUN_IN/values.words" || return
  __polyrun_prefix=${words[0]}
  while ((at < ${#words[@]})); do
    kind=${words[at]} name=${words[at + 1]}
    case $kind in
      e) # an export and its declared type
        __polyrun_exports+=("$name") __polyrun_types[$name]=${words[at + 2]}
        at+=3
        continue
        ;;
      n) declare -g "$name=" "${name}_is_null=1" ;;
      s) declare -g "$name=${words[at + 2]}" "${name}_is_null=0" && at+=1 ;;
      p) declare -g "$name=$POLYRUN_IN/${words[at + 2]}" "${name}_is_null=0" && at+=1 ;;
      a) n=${words[at + 2]} && __polyrun_list "$name" "${words[@]:at + 3:n}" && at+=n+1 ;;
      A) n=${words[at + 2]} && __polyrun_map "$name" "${words[@]:at + 3:2 * n}" && at+=2*n+1 ;;
    esac || return
    at+=2
  done
}

__polyrun_list() {
  declare -ga "$1=()"
  declare -g "${1}_is_null=0"
  local -n __polyrun_to=$1
  shift
  __polyrun_to=("$@")
}

# An associative array has no order, so the keys are kept in theirs beside it.
__polyrun_map() {
  declare -gA "$1=()"
  declare -ga "${1}_keys=()"
  declare -g "${1}_is_null=0"
  local -n __polyrun_to=$1 __polyrun_keys=${1}_keys
  shift
  while (($#)); do
    __polyrun_to[$1]=$2
    __polyrun_keys+=("$1")
    shift 2
  done
}

__polyrun_finish() {
  local -i __polyrun_code=$?
  if [[ -z $__polyrun_done && $__polyrun_code -eq 0 && $BASH_SUBSHELL -eq 0 && ${#__polyrun_exports[@]} -gt 0 ]]; then
    __polyrun_done=1
    . "$POLYRUN_GUEST/export.sh"
  fi
  return $__polyrun_code
}

if ! __polyrun_take; then
  echo "the values of this block cannot be read" >&2
  exit 70
fi
unset -f __polyrun_take __polyrun_list __polyrun_map
trap '{ __polyrun_finish; } 2>/dev/null' EXIT
