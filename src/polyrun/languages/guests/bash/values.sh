# Values of a Bash block: sourced before its first line; sets what it imports, and hands over its exports at its end.
# The inbox holds words, see `values/shell_form.py`; the outbox is CBOR, see docs/value-files.md.

if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
  echo "values need Bash 4.4 or later" >&2
  exit 70
fi

declare -gA __polyrun_types=()
declare -ga __polyrun_exports=()
declare -g __polyrun_prefix= __polyrun_done= __polyrun_files=0

# Every local has a name of ours: another would hide an import of that name from `local -n`.
__polyrun_take() {
  local -a __polyrun_words
  local -i __polyrun_at=1 __polyrun_n
  local __polyrun_kind __polyrun_name __polyrun_text
  mapfile -d '' -t __polyrun_words <"$POLYRUN_IN/values.words" || return
  __polyrun_prefix=${__polyrun_words[0]}
  while ((__polyrun_at < ${#__polyrun_words[@]})); do
    __polyrun_kind=${__polyrun_words[__polyrun_at]} __polyrun_name=${__polyrun_words[__polyrun_at + 1]}
    __polyrun_text=${__polyrun_words[__polyrun_at + 2]-}
    case $__polyrun_kind in
      e) # an export and its declared type
        __polyrun_exports+=("$__polyrun_name") __polyrun_types[$__polyrun_name]=$__polyrun_text
        __polyrun_at+=3
        continue
        ;;
      n) declare -g "$__polyrun_name=" "${__polyrun_name}_is_null=1" ;;
      s) declare -g "$__polyrun_name=$__polyrun_text" "${__polyrun_name}_is_null=0" && __polyrun_at+=1 ;;
      p) declare -g "$__polyrun_name=$POLYRUN_IN/$__polyrun_text" "${__polyrun_name}_is_null=0" && __polyrun_at+=1 ;;
      a)
        __polyrun_n=$__polyrun_text
        __polyrun_list "$__polyrun_name" "${__polyrun_words[@]:__polyrun_at + 3:__polyrun_n}"
        __polyrun_at+=__polyrun_n+1
        ;;
      A)
        __polyrun_n=$__polyrun_text
        __polyrun_map "$__polyrun_name" "${__polyrun_words[@]:__polyrun_at + 3:2 * __polyrun_n}"
        __polyrun_at+=2*__polyrun_n+1
        ;;
    esac || return
    __polyrun_at+=2
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
