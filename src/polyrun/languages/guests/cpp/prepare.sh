# prepare.sh FOLDER [--values GUEST] COMPILER [FLAG...]: precompile the headers that most blocks begin with into FOLDER.
set -eu
folder=$1
shift
if [ "$1" = --values ]; then
  guest=$2
  shift 2
  "$@" -I"$guest" -x c++-header -o "$folder/polyrun.hpp.gch" "$guest/polyrun.hpp"
  exit
fi
mkdir -p "$folder/bits"
for header in iostream bits/stdc++.h; do
  echo "#include <$header>" >"$folder/.header.hpp"
  "$@" -x c++-header -o "$folder/$header.gch" "$folder/.header.hpp"
done
rm "$folder/.header.hpp"
