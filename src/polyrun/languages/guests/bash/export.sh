# Hands over the exports of a Bash block. Sourced by `__polyrun_finish`, whose locals are the only ones it may add to.

# `set -e`, `set -u`, `set -x`, IFS and patterns of the block must not act here.
local - IFS=$' \t\n' LC_ALL=C
set +eufx
shopt -u nocasematch extglob 2>/dev/null

local __polyrun_values= __polyrun_refused= __polyrun_out=
local -i __polyrun_n_values=0 __polyrun_n_refused=0

# The head of a CBOR item: major type $1, number $2. Everything is built as text for `printf %b`.
__polyrun_head() {
  local -i major=$1*32 number=$2
  if ((number < 24)); then
    printf -v __polyrun_out '\\x%02x' $((major + number))
  elif ((number < 256)); then
    printf -v __polyrun_out '\\x%02x\\x%02x' $((major + 24)) $number
  else
    local digits
    printf -v digits '%016x' $number
    printf -v __polyrun_out '\\x%02x' $((major + 27))
    while [[ $digits ]]; do
      __polyrun_out+="\\x${digits::2}" digits=${digits:2}
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
  local flags numbers= nothing=${1}_is_null declared=${__polyrun_types[$1]}
  if [[ -v $1 ]]; then
    flags=${__polyrun_from@a}
  else # not set, or an array without the index 0
    flags=$(declare -p "$1" 2>/dev/null) && [[ $flags == *=* ]] || return
    flags=${flags#declare -} flags=${flags%% *}
  fi
  [[ $flags == *i* ]] && numbers=1
  if [[ $flags == *a* ]]; then
    __polyrun_items "$1" "$numbers"
  elif [[ $flags == *A* ]]; then
    __polyrun_pairs "$1" "$numbers"
  elif [[ ${!nothing-} == 1 && -z $__polyrun_from ]]; then
    __polyrun_out='\xf6'
  elif [[ $declared == @(file|bytes) || ($declared == @(table|array)* && $__polyrun_from != [[{]*) ]]; then
    __polyrun_file "$1" "$__polyrun_from" "$declared"
  elif ! __polyrun_is_text "$__polyrun_from"; then
    __polyrun_refuse "$1" "its text is not valid UTF-8; declare it as \`bytes\` and give the path of a file" && return 1
  else
    __polyrun_scalar "$__polyrun_from" "$numbers"
  fi
}

__polyrun_items() {
  local all item
  local -i at=0
  __polyrun_head 4 ${#__polyrun_from[@]} && all=$__polyrun_out
  for item in "${!__polyrun_from[@]}"; do
    if ((item != at++)); then
      __polyrun_refuse "$1" "its indexes have gaps; export \`=(\"\${$1[@]}\")\` of it" && return 1
    fi
  done
  if ! __polyrun_is_text "${__polyrun_from[*]}"; then
    __polyrun_refuse "$1" "it holds text that is not valid UTF-8" && return 1
  fi
  for item in "${__polyrun_from[@]}"; do
    __polyrun_scalar "$item" "$2" && all+=$__polyrun_out
  done
  __polyrun_out=$all
}

__polyrun_pairs() {
  local -a keys
  local all key
  __polyrun_order "$1"
  if ! __polyrun_is_text "${keys[*]}${__polyrun_from[*]}"; then
    __polyrun_refuse "$1" "it holds text that is not valid UTF-8" && return 1
  fi
  __polyrun_head 5 ${#keys[@]} && all=$__polyrun_out
  for key in "${keys[@]}"; do
    __polyrun_text "$key" && all+=$__polyrun_out
    __polyrun_scalar "${__polyrun_from[$key]}" "$2" && all+=$__polyrun_out
  done
  __polyrun_out=$all
}

# Sets `keys`: in the order of NAME_keys if that has exactly them, else sorted.
__polyrun_order() {
  local -A seen=()
  local key
  if [[ $(declare -p "${1}_keys" 2>/dev/null) == 'declare -a'* ]]; then
    local -n __polyrun_known=${1}_keys
    for key in "${__polyrun_known[@]}"; do
      [[ $key && ${__polyrun_from[$key]+x} ]] && seen[$key]=1
    done
    keys=("${__polyrun_known[@]}")
  fi
  if ((${#keys[@]} != ${#__polyrun_from[@]} || ${#seen[@]} != ${#keys[@]})); then
    mapfile -d '' -t keys < <(((${#__polyrun_from[@]})) && printf '%s\0' "${!__polyrun_from[@]}" | sort -z)
  fi
}

# A file, by its path: its bytes, or the file itself with its name.
__polyrun_file() {
  local stored=$__polyrun_prefix$((__polyrun_files++)) all
  if ! cp -- "$2" "$POLYRUN_OUT/$stored" 2>/dev/null || [[ ! -f $POLYRUN_OUT/$stored ]]; then
    __polyrun_refuse "$1" "there is no file \`$2\`" && return 1
  fi
  local -i size
  size=$(wc -c <"$POLYRUN_OUT/$stored")
  __polyrun_text "$stored" && all='\xd9\xc5\x44\x83'$__polyrun_out # tag 50500: a reference
  __polyrun_head 0 0 && all+=$__polyrun_out
  __polyrun_head 0 $size && all+=$__polyrun_out
  if [[ $3 != bytes ]]; then
    local data=$all name=${2##*/}
    __polyrun_text "$name" && all='\xd9\xc5\x4e\x83'$__polyrun_out # tag 50510: a file
    __polyrun_media "$name"
    __polyrun_text "$media" && all+=$__polyrun_out$data
  fi
  __polyrun_out=$all
}

__polyrun_media() {
  case ${1##*.} in
    csv) media=text/csv ;;
    tsv) media=text/tab-separated-values ;;
    json) media=application/json ;;
    html) media=text/html ;;
    md) media=text/markdown ;;
    txt | log) media=text/plain ;;
    png) media=image/png ;;
    jpg | jpeg) media=image/jpeg ;;
    svg) media=image/svg+xml ;;
    pdf) media=application/pdf ;;
    *) media=application/octet-stream ;;
  esac
}

local __polyrun_name media __polyrun_defined=
for __polyrun_name in "${__polyrun_exports[@]}"; do
  if __polyrun_value "$__polyrun_name"; then
    media=$__polyrun_out
    __polyrun_text "$__polyrun_name" && __polyrun_values+=$__polyrun_out$media
    __polyrun_n_values+=1
  fi
done

__polyrun_head 5 4 && media=$__polyrun_out
__polyrun_text polyrun && media+=$__polyrun_out'\x01'
__polyrun_text exports && media+=$__polyrun_out
__polyrun_head 5 $__polyrun_n_values && media+=$__polyrun_out$__polyrun_values
__polyrun_text refused && media+=$__polyrun_out
__polyrun_head 5 $__polyrun_n_refused && media+=$__polyrun_out$__polyrun_refused
__polyrun_text defined && media+=$__polyrun_out
local -a __polyrun_names=()
if ((__polyrun_n_values + __polyrun_n_refused < ${#__polyrun_exports[@]})); then
  mapfile -t __polyrun_names < <(compgen -A variable | grep -E '^[a-z]' | head -n 200)
fi
__polyrun_head 4 ${#__polyrun_names[@]} && media+=$__polyrun_out
for __polyrun_name in "${__polyrun_names[@]}"; do
  __polyrun_text "$__polyrun_name" && media+=$__polyrun_out
done
printf '%b' "$media" >"$POLYRUN_OUT/values.part" && mv -- "$POLYRUN_OUT/values.part" "$POLYRUN_OUT/values.cbor"
