# prepare.sh FOLDER COMPILER [FLAG...]: precompile the headers that most blocks begin with into FOLDER.
set -eu
folder=$1
shift
mkdir -p "$folder/bits"
for header in iostream bits/stdc++.h; do
  echo "#include <$header>" >"$folder/.header.hpp"
  "$@" -x c++-header -o "$folder/$header.gch" "$folder/.header.hpp"
done
rm "$folder/.header.hpp"
