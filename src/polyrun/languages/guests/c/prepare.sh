# prepare.sh FOLDER GUEST COMPILER [FLAG...]: compile the library into FOLDER, and list what headers declare.
set -eu
folder=$1
guest=$2
shift 2
for part in "$guest"/library/*.c; do
  "$@" -c -o "$folder/$(basename "$part").o" "$part"
done
"$@" -r -nostdlib -o "$folder/polyrun.o" "$folder"/*.c.o
rm "$folder"/*.c.o

# A variable cannot have such a name outside of functions: one that is imported is a variable of `main` only.
for header in aio arpa/inet assert complex ctype dirent dlfcn errno fcntl fenv float fnmatch ftw getopt glob grp \
  inttypes langinfo libgen limits locale malloc math mqueue net/if netdb netinet/in poll pthread pwd regex sched \
  search semaphore setjmp signal spawn stdarg stdatomic stdbool stddef stdint stdio stdlib string strings sys/epoll \
  sys/file sys/ioctl sys/ipc sys/mman sys/msg sys/random sys/resource sys/select sys/sem sys/shm sys/socket sys/stat \
  sys/statvfs sys/time sys/times sys/types sys/uio sys/utsname sys/wait syslog termios threads time uchar unistd utime wchar \
  wctype; do
  printf '#if __has_include(<%s.h>)\n#include <%s.h>\n#endif\n' "$header" "$header"
done >"$folder/headers.c"
"$@" -D_GNU_SOURCE -E -P "$folder/headers.c" | tr '\n' ' ' | sed -e ':again' -e 's/{[^{}]*}//g' -e 'tagain' |
  tr -c 'A-Za-z0-9_' '\n' | grep '^[A-Za-z]' | sort -u |
  sed 's/.*/#define polyrun_taken_& 1/' >"$folder/polyrun_taken.h"
rm "$folder/headers.c"
