cat > /tmp/a.c <<'C'
#include <stdio.h>
int main(void) { puts("hello"); }
C
gcc -pthread -O1 -o /tmp/a /tmp/a.c
/tmp/a
