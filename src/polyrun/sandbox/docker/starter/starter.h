/* What the parts of the starter know of each other. */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#define ROOT "/polyrun"
#define PIECE 65536
#define BLOCK 512
#define MAX_WORDS 4096
#define MAX_HEADER (8 << 20)
#define MAX_DEPTH 128
#define PATH_SIZE 4096
#define LOOK_MS 50
#define RESERVE (4 << 20)

/* wire.c */
extern uint32_t in_frame; /* what is left of the frame of tar data that is being read */
void put(char kind, const void *data, size_t length);
void say(char kind, const char *format, ...); /* formatted, as printf(3) does */
_Noreturn void give_up(const char *what); /* with errno(3) */
void get_tar(void *data, size_t length);

/* kernel.c: -1 stands for what is not known */
long long cpu_us(void);
long long memory_peak(void);
long long oom_kills(void);
long long pids(const char *name, const char *key);
long long running_processes(void);
void say_what_holds(void);

/* unpack.c */
struct job {
    char *argv[MAX_WORDS + 1], *env[MAX_WORDS + 1], *cwd;
    size_t args, envs;
    long long nofile, fsize, cpu_s, wall_ms, back_bytes, back_entries;
    int changes;         /* whether what changed in the document's folder is wanted back */
    char *back[4];       /* folders below ROOT that are wanted back whole */
    size_t backs;
    struct sock_fprog filter; /* calls that the program may not make */
};
extern struct job job;

/* A file of the document's folder that was sent in. */
struct sent { char *path; ino_t number; uint64_t sum; };
extern struct sent *sent;
extern size_t sents;

int is_as_sent(const char *path, ino_t number);
int holds_other(const char *path, ino_t number, int fd);
void unpack(void);
int is_later(const struct timespec *one, const struct timespec *other);
struct timespec wait_for_a_tick(void);

/* back.c */
void hand_back(struct timespec since);

/* program.c */
void run(void);
