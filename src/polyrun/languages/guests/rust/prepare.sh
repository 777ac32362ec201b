# prepare.sh FOLDER GUEST RUSTC [FLAG...]: compile the library for values into FOLDER.
set -eu
folder=$1 guest=$2 rustc=$3
shift 3
# From 1.78 on the compiler takes the library's own words for what cannot be exported; before, it refuses to read them.
case $("$rustc" --version) in
  "rustc 1."[0-9].* | "rustc 1."[1-6][0-9].* | "rustc 1.7"[0-7].*) ;;
  *) set -- "$@" --cfg says_why ;;
esac
exec "$rustc" "$@" --crate-type=rlib --crate-name=polyrun --remap-path-prefix="$guest/=" --out-dir "$folder" \
  "$guest/polyrun/lib.rs"
