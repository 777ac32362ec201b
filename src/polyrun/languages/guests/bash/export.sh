# Hands over the exports of a Bash block. Sourced by `__polyrun_finish`, whose locals are the only ones it may add to.

# `set -e`, `set -u`, `set -x`, IFS and patterns of the block must not act here.
local - IFS=$' \t\n' LC_ALL=C
set +eufx
shopt -u nocasematch extglob 2>/dev/null

local __polyrun_values= __polyrun_refused= __polyrun_out=
local -i __polyrun_n_values=0 __polyrun_n_refused=0

# The head of a CBOR item: major type $1, number $2. Everything is built as text for `printf %b`.
__polyrun_head() {
  local -i __polyrun_major=$1*32 __polyrun_number=$2
  if ((__polyrun_number < 24)); then
    printf -v __polyrun_out '\\x%02x' $((__polyrun_major + __polyrun_number))
  elif ((__polyrun_number < 256)); then
    printf -v __polyrun_out '\\x%02x\\x%02x' $((__polyrun_major + 24)) $__polyrun_number
  else
    local __polyrun_digits
    printf -v __polyrun_digits '%016x' $__polyrun_number
    printf -v __polyrun_out '\\x%02x' $((__polyrun_major + 27))
    while [[ $__polyrun_digits ]]; do
      __polyrun_out+="\\x${__polyrun_digits::2}" __polyrun_digits=${__polyrun_digits:2}
    done
  fi
}

# A text; the bytes of the C locale are what is counted.
__polyrun_text() {
  __polyrun_head 3 ${#1}
  __polyrun_out+=${1//\\/\\\\}
}

# A text, or with $2 an integer.
__polyrun_scalar() {
  if [[ -z $2 ]]; then
    __polyrun_text "$1"
  elif (($1 < 0)); then
    __polyrun_head 1 $((-1 - $1))
  else
    __polyrun_head 0 $1
  fi
}

__polyrun_is_text() {
  [[ $1 != *[$'\x80'-$'\xff']* ]] || ! command -v iconv >/dev/null || iconv -f UTF-8 -t UTF-8 <<<"$1" >/dev/null 2>&1
}

__polyrun_refuse() {
  __polyrun_text "$1" && __polyrun_refused+=$__polyrun_out
  __polyrun_text "$2" && __polyrun_refused+=$__polyrun_out
  __polyrun_n_refused+=1
}

# Puts the value of the variable $1 into `__polyrun_out`. Fails when it was refused, or is not set.
__polyrun_value() {
  local -n __polyrun_from=$1
  local __polyrun_flags __polyrun_numbers= __polyrun_nothing=${1}_is_null __polyrun_declared=${__polyrun_types[$1]}
  if [[ -v $1 ]]; then
    __polyrun_flags=${__polyrun_from@a}
  else # not set, or an array without the index 0
    __polyrun_flags=$(declare -p "$1" 2>/dev/null) && [[ $__polyrun_flags == *=* ]] || return
    __polyrun_flags=${__polyrun_flags#declare -} __polyrun_flags=${__polyrun_flags%% *}
  fi
  [[ $__polyrun_flags == *i* ]] && __polyrun_numbers=1
  if [[ $__polyrun_flags == *a* ]]; then
    __polyrun_items "$1" "$__polyrun_numbers"
  elif [[ $__polyrun_flags == *A* ]]; then
    __polyrun_pairs "$1" "$__polyrun_numbers"
  elif [[ ${!__polyrun_nothing-} == 1 && -z $__polyrun_from ]]; then
    __polyrun_out='\xf6'
  elif [[ $__polyrun_declared == @(file|bytes) || ($__polyrun_declared == @(table|array)* && $__polyrun_from != [[{]*) ]]; then
    __polyrun_file "$1" "$__polyrun_from" "$__polyrun_declared"
  elif ! __polyrun_is_text "$__polyrun_from"; then
    __polyrun_refuse "$1" "its text is not valid UTF-8; declare it as \`bytes\` and give the path of a file" && return 1
  else
    __polyrun_scalar "$__polyrun_from" "$__polyrun_numbers"
  fi
}

__polyrun_items() {
  local __polyrun_all __polyrun_item
  local -i __polyrun_at=0
  __polyrun_head 4 ${#__polyrun_from[@]} && __polyrun_all=$__polyrun_out
  for __polyrun_item in "${!__polyrun_from[@]}"; do
    if ((__polyrun_item != __polyrun_at++)); then
      __polyrun_refuse "$1" "its indexes have gaps; export \`=(\"\${$1[@]}\")\` of it" && return 1
    fi
  done
  if ! __polyrun_is_text "${__polyrun_from[*]}"; then
    __polyrun_refuse "$1" "it holds text that is not valid UTF-8" && return 1
  fi
  for __polyrun_item in "${__polyrun_from[@]}"; do
    __polyrun_scalar "$__polyrun_item" "$2" && __polyrun_all+=$__polyrun_out
  done
  __polyrun_out=$__polyrun_all
}

__polyrun_pairs() {
  local -a __polyrun_keys
  local __polyrun_all __polyrun_key
  __polyrun_order "$1"
  if ! __polyrun_is_text "${__polyrun_keys[*]}${__polyrun_from[*]}"; then
    __polyrun_refuse "$1" "it holds text that is not valid UTF-8" && return 1
  fi
  __polyrun_head 5 ${#__polyrun_keys[@]} && __polyrun_all=$__polyrun_out
  for __polyrun_key in "${__polyrun_keys[@]}"; do
    __polyrun_text "$__polyrun_key" && __polyrun_all+=$__polyrun_out
    __polyrun_scalar "${__polyrun_from[$__polyrun_key]}" "$2" && __polyrun_all+=$__polyrun_out
  done
  __polyrun_out=$__polyrun_all
}

# Sets `keys`: in the order of NAME_keys if that has exactly them, else sorted.
__polyrun_order() {
  local -A __polyrun_seen=()
  local __polyrun_key
  if [[ $(declare -p "${1}_keys" 2>/dev/null) == 'declare -a'* ]]; then
    local -n __polyrun_known=${1}_keys
    for __polyrun_key in "${__polyrun_known[@]}"; do
      [[ $__polyrun_key && ${__polyrun_from[$__polyrun_key]+x} ]] && __polyrun_seen[$__polyrun_key]=1
    done
    __polyrun_keys=("${__polyrun_known[@]}")
  fi
  if ((${#__polyrun_keys[@]} != ${#__polyrun_from[@]} || ${#__polyrun_seen[@]} != ${#__polyrun_keys[@]})); then
    mapfile -d '' -t __polyrun_keys < <(((${#__polyrun_from[@]})) && printf '%s\0' "${!__polyrun_from[@]}" | sort -z)
  fi
}

# A file, by its path: its bytes, or the file itself with its name.
__polyrun_file() {
  local __polyrun_stored=$__polyrun_prefix$((__polyrun_files++)) __polyrun_all
  if ! cp -- "$2" "$POLYRUN_OUT/$__polyrun_stored" 2>/dev/null || [[ ! -f $POLYRUN_OUT/$__polyrun_stored ]]; then
    __polyrun_refuse "$1" "there is no file \`$2\`" && return 1
  fi
  local -i __polyrun_size
  __polyrun_size=$(wc -c <"$POLYRUN_OUT/$__polyrun_stored")
  __polyrun_text "$__polyrun_stored" && __polyrun_all='\xd9\xc5\x44\x83'$__polyrun_out # tag 50500: a reference
  __polyrun_head 0 0 && __polyrun_all+=$__polyrun_out
  __polyrun_head 0 $__polyrun_size && __polyrun_all+=$__polyrun_out
  if [[ $3 != bytes ]]; then
    local __polyrun_data=$__polyrun_all __polyrun_name=${2##*/}
    __polyrun_text "$__polyrun_name" && __polyrun_all='\xd9\xc5\x4e\x83'$__polyrun_out # tag 50510: a file
    __polyrun_media "$__polyrun_name"
    __polyrun_text "$__polyrun_media" && __polyrun_all+=$__polyrun_out$__polyrun_data
  fi
  __polyrun_out=$__polyrun_all
}

__polyrun_media() {
  case ${1##*.} in
    csv) __polyrun_media=text/csv ;;
    tsv) __polyrun_media=text/tab-separated-values ;;
    json) __polyrun_media=application/json ;;
    html) __polyrun_media=text/html ;;
    md) __polyrun_media=text/markdown ;;
    txt | log) __polyrun_media=text/plain ;;
    png) __polyrun_media=image/png ;;
    jpg | jpeg) __polyrun_media=image/jpeg ;;
    svg) __polyrun_media=image/svg+xml ;;
    pdf) __polyrun_media=application/pdf ;;
    *) __polyrun_media=application/octet-stream ;;
  esac
}

local __polyrun_name __polyrun_media __polyrun_defined=
for __polyrun_name in "${__polyrun_exports[@]}"; do
  if __polyrun_value "$__polyrun_name"; then
    __polyrun_media=$__polyrun_out
    __polyrun_text "$__polyrun_name" && __polyrun_values+=$__polyrun_out$__polyrun_media
    __polyrun_n_values+=1
  fi
done

__polyrun_head 5 4 && __polyrun_media=$__polyrun_out
__polyrun_text polyrun && __polyrun_media+=$__polyrun_out'\x01'
__polyrun_text exports && __polyrun_media+=$__polyrun_out
__polyrun_head 5 $__polyrun_n_values && __polyrun_media+=$__polyrun_out$__polyrun_values
__polyrun_text refused && __polyrun_media+=$__polyrun_out
__polyrun_head 5 $__polyrun_n_refused && __polyrun_media+=$__polyrun_out$__polyrun_refused
__polyrun_text defined && __polyrun_media+=$__polyrun_out
local -a __polyrun_names=()
if ((__polyrun_n_values + __polyrun_n_refused < ${#__polyrun_exports[@]})); then
  mapfile -t __polyrun_names < <(compgen -A variable | grep -E '^[a-z]' | head -n 200)
fi
__polyrun_head 4 ${#__polyrun_names[@]} && __polyrun_media+=$__polyrun_out
for __polyrun_name in "${__polyrun_names[@]}"; do
  __polyrun_text "$__polyrun_name" && __polyrun_media+=$__polyrun_out
done
printf '%b' "$__polyrun_media" >"$POLYRUN_OUT/values.part" && mv -- "$POLYRUN_OUT/values.part" "$POLYRUN_OUT/values.cbor"
