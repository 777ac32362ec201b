/* PID 1 of a container: takes one job, runs it, hands back what it printed and wrote, and ends.
 *
 * It speaks with PolyRun through its own stdin and stdout, which the program never gets. Both directions carry frames:
 * one byte for the kind, four for the length (big-endian), then the payload; see `frames.py`. The job is a GNU tar
 * stream in frames of the kind 't'. The program has the same user as this process, so this one is not dumpable
 * (prctl(2)): nobody can open its descriptors, its memory or its environment in /proc, or trace it. As PID 1 it cannot
 * be killed from inside (pid_namespaces(7)), every orphan becomes its child, and kill(-1) reaches everything else.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROOT "/polyrun"
#define PIECE 65536
#define BLOCK 512
#define MAX_WORDS 4096
#define MAX_HEADER (8 << 20)
#define MAX_DEPTH 128
#define PATH_SIZE 4096
#define LOOK_MS 50
#define RESERVE (4 << 20)

/* ---- frames ---- */

static void put_all(const void *data, size_t length) {
    const char *at = data;
    while (length > 0) {
        ssize_t done = write(1, at, length);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) _exit(3); /* PolyRun is gone, and the container with this process */
        at += done;
        length -= (size_t)done;
    }
}

static void put_head(char kind, uint32_t length) {
    unsigned char head[5] = {(unsigned char)kind, length >> 24, length >> 16, length >> 8, length};
    put_all(head, sizeof head);
}

static void put(char kind, const void *data, size_t length) {
    put_head(kind, (uint32_t)length);
    put_all(data, length);
}

static void say(char kind, const char *format, ...) {
    char text[PATH_SIZE + 512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put(kind, text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
}

static _Noreturn void give_up(const char *what) {
    say('F', "%s: %s", what, strerror(errno));
    _exit(2);
}

static void get_all(void *data, size_t length) {
    char *at = data;
    while (length > 0) {
        ssize_t done = read(0, at, length);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) _exit(0); /* nobody wants anything of this container any more */
        at += done;
        length -= (size_t)done;
    }
}

/* What is left of the frame of tar data that is being read. */
static uint32_t in_frame;

static void get_tar(void *data, size_t length) {
    char *at = data;
    while (length > 0) {
        while (in_frame == 0) {
            unsigned char head[5];
            get_all(head, sizeof head);
            if (head[0] != 't') _exit(0);
            in_frame = (uint32_t)head[1] << 24 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 8 | head[4];
        }
        size_t now = length < in_frame ? length : in_frame;
        get_all(at, now);
        at += now;
        length -= now;
        in_frame -= (uint32_t)now;
    }
}

/* ---- what the kernel says ---- */

static int read_text(const char *path, char *text, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t length = read(fd, text, size - 1);
    close(fd);
    if (length < 0) return -1;
    text[length] = 0;
    return 0;
}

/* The number in the file `path`, behind the word `key` unless that is NULL; -1 if there is none. */
static long long number(const char *path, const char *key) {
    char text[8192];
    if (read_text(path, text, sizeof text)) return -1;
    char *at = text;
    if (key != NULL) {
        size_t length = strlen(key);
        for (at = text; at != NULL && !(strncmp(at, key, length) == 0 && at[length] == ' '); ) {
            at = strchr(at, '\n');
            if (at != NULL) at++;
        }
        if (at == NULL) return -1;
        at += length;
    }
    char *end;
    long long value = strtoll(at, &end, 10);
    return end == at ? -1 : value;
}

static int version2;

static long long cpu_us(void) {
    if (version2) return number("/sys/fs/cgroup/cpu.stat", "usage_usec");
    long long ns = number("/sys/fs/cgroup/cpuacct/cpuacct.usage", NULL);
    if (ns < 0) ns = number("/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage", NULL);
    return ns < 0 ? -1 : ns / 1000;
}

static long long memory_peak(void) {
    return version2 ? number("/sys/fs/cgroup/memory.peak", NULL)
                    : number("/sys/fs/cgroup/memory/memory.max_usage_in_bytes", NULL);
}

static long long memory_limit(void) {
    return version2 ? number("/sys/fs/cgroup/memory.max", NULL)
                    : number("/sys/fs/cgroup/memory/memory.limit_in_bytes", NULL);
}

static long long oom_kills(void) {
    return version2 ? number("/sys/fs/cgroup/memory.events", "oom_kill")
                    : number("/sys/fs/cgroup/memory/memory.oom_control", "oom_kill");
}

static long long pids(const char *name, const char *key) {
    char path[128];
    snprintf(path, sizeof path, version2 ? "/sys/fs/cgroup/%s" : "/sys/fs/cgroup/pids/%s", name);
    return number(path, key);
}

/* How many processes and threads the program has; where no control group counts them, only processes. */
static long long running_processes(void) {
    long long counted = pids("pids.current", NULL);
    if (counted >= 0) return counted - 1;
    DIR *listing = opendir("/proc");
    if (listing == NULL) return -1;
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
        counted += entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
    closedir(listing);
    return counted; /* it began at -1, which leaves out this process */
}

/* What PolyRun asked for, as this process finds it: a limit that is not in force is an error there. */
static void say_what_holds(void) {
    char text[8192], *line, *save = NULL;
    version2 = access("/sys/fs/cgroup/cgroup.controllers", R_OK) == 0;
    char facts[4096];
    size_t length = 0;
#define FACT(...) length += (size_t)snprintf(facts + length, sizeof facts - length, __VA_ARGS__)
    if (read_text("/proc/self/status", text, sizeof text) == 0)
        for (line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
            static const char *const wanted[] = {"NoNewPrivs", "Seccomp", "CapEff", "CapBnd", "Uid"};
            for (size_t each = 0; each < sizeof wanted / sizeof *wanted; each++) {
                size_t name = strlen(wanted[each]);
                if (strncmp(line, wanted[each], name) == 0 && line[name] == ':')
                    FACT("%s=%s\n", wanted[each], line + name + 1 + strspn(line + name + 1, " \t"));
            }
        }
    if (read_text("/proc/net/dev", text, sizeof text) == 0) {
        save = NULL;
        for (line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
            char *colon = strchr(line, ':');
            if (colon == NULL) continue;
            *colon = 0;
            FACT("interface=%.20s\n", line + strspn(line, " "));
        }
    }
    struct utsname machine;
    if (uname(&machine) == 0) FACT("machine=%.60s\n", machine.machine);
    FACT("memory=%lld\npids=%lld\n", memory_limit(), pids("pids.max", NULL));
    long long quota = -1, period = 100000;
    if (version2) {
        quota = number("/sys/fs/cgroup/cpu.max", NULL);
    } else {
        const char *folder = access("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", R_OK) == 0 ? "cpu" : "cpu,cpuacct";
        char path[128];
        snprintf(path, sizeof path, "/sys/fs/cgroup/%s/cpu.cfs_quota_us", folder);
        quota = number(path, NULL);
        snprintf(path, sizeof path, "/sys/fs/cgroup/%s/cpu.cfs_period_us", folder);
        if (number(path, NULL) > 0) period = number(path, NULL);
    }
    FACT("quota=%lld\nperiod=%lld\n", quota, period);
    int fd = open("/.polyrun", O_WRONLY | O_CREAT, 0600);
    FACT("root=%s\n", fd < 0 && errno == EROFS ? "read-only" : fd < 0 ? "closed" : "writable");
    if (fd >= 0) close(fd);
    static const char *const places[] = {ROOT, "/tmp", "/dev/shm"};
    for (size_t each = 0; each < sizeof places / sizeof *places; each++) {
        struct statvfs facts_of;
        if (statvfs(places[each], &facts_of) == 0)
            FACT("space=%s %llu %llu\n", places[each], (unsigned long long)facts_of.f_blocks * facts_of.f_frsize,
                 (unsigned long long)facts_of.f_files);
    }
    put('R', facts, length < sizeof facts ? length : sizeof facts);
}

/* ---- the job ---- */

struct job {
    char *argv[MAX_WORDS + 1], *env[MAX_WORDS + 1], *cwd;
    size_t args, envs;
    long long nofile, fsize, cpu_s, wall_ms, back_bytes, back_entries;
    int changes;         /* whether what changed in the document's folder is wanted back */
    char *back[4];       /* folders below ROOT that are wanted back whole */
    size_t backs;
    struct sock_fprog filter; /* calls that the program may not make */
};
static struct job job;

static void read_job(char *text, size_t length) {
    for (char *at = text; at < text + length; at += strlen(at) + 1) {
        char *value = strchr(at, '=');
        if (value == NULL) continue;
        *value++ = 0;
        if (!strcmp(at, "arg") && job.args < MAX_WORDS) job.argv[job.args++] = value;
        else if (!strcmp(at, "env") && job.envs < MAX_WORDS) job.env[job.envs++] = value;
        else if (!strcmp(at, "cwd")) job.cwd = value;
        else if (!strcmp(at, "nofile")) job.nofile = atoll(value);
        else if (!strcmp(at, "fsize")) job.fsize = atoll(value);
        else if (!strcmp(at, "cpu")) job.cpu_s = atoll(value);
        else if (!strcmp(at, "wall")) job.wall_ms = atoll(value);
        else if (!strcmp(at, "bytes")) job.back_bytes = atoll(value);
        else if (!strcmp(at, "entries")) job.back_entries = atoll(value);
        else if (!strcmp(at, "changes")) job.changes = 1;
        else if (!strcmp(at, "back") && job.backs < 4) job.back[job.backs++] = value;
        at = value;
    }
}

/* What of the document's folder was sent in, to tell later what is gone, and which folders are not what they were. */
struct sent { char *path; ino_t number; };
static struct sent *sent;
static size_t sents, sent_room;

static void remember(int root, const char *name) {
    struct stat facts;
    if (sents == sent_room) {
        sent_room = sent_room ? 2 * sent_room : 256;
        sent = realloc(sent, sent_room * sizeof *sent);
        if (sent == NULL) give_up("remembering files");
    }
    if (fstatat(root, name, &facts, AT_SYMLINK_NOFOLLOW)) give_up(name);
    sent[sents].path = strdup(name + strlen("work/"));
    sent[sents].number = facts.st_ino;
    if (sent[sents++].path == NULL) give_up("remembering files");
}

static int by_path(const void *one, const void *other) {
    return strcmp(((const struct sent *)one)->path, ((const struct sent *)other)->path);
}

/* Whether `path` in the document's folder is the very file or folder that was unpacked there. */
static int is_as_sent(const char *path, ino_t number) {
    struct sent wanted = {(char *)path, number};
    const struct sent *found = sents ? bsearch(&wanted, sent, sents, sizeof *sent, by_path) : NULL;
    return found != NULL && found->number == number;
}

static long long field(const unsigned char *at, size_t length) {
    long long value = 0;
    if (*at & 0x80) { /* GNU's binary form */
        for (size_t each = 1; each < length; each++) value = value << 8 | at[each];
        return value;
    }
    for (; length > 0 && *at == ' '; at++, length--) {}
    for (; length > 0 && *at >= '0' && *at <= '7'; at++, length--) value = value * 8 + (*at - '0');
    return value;
}

static void skip(long long length) {
    static char waste[PIECE];
    while (length > 0) {
        size_t now = length < PIECE ? (size_t)length : PIECE;
        get_tar(waste, now);
        length -= (long long)now;
    }
}

static long long padded(long long size) { return (size + BLOCK - 1) / BLOCK * BLOCK; }

static void unpack_file(int root, const char *name, long long size, mode_t mode, time_t modified) {
    static char piece[PIECE];
    int fd = openat(root, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode | 0200);
    if (fd < 0) give_up(name);
    for (long long left = size; left > 0;) {
        size_t now = left < PIECE ? (size_t)left : PIECE;
        get_tar(piece, now);
        for (size_t at = 0; at < now;) {
            ssize_t done = write(fd, piece + at, now - at);
            if (done < 0 && errno == EINTR) continue;
            if (done < 0) give_up("no room for the job's files");
            at += (size_t)done;
        }
        left -= (long long)now;
    }
    skip(padded(size) - size);
    struct timespec times[2] = {{modified, 0}, {modified, 0}};
    if (fchmod(fd, mode) || futimens(fd, times)) give_up(name);
    close(fd);
}

/* Unpack the job's tar stream into ROOT. PolyRun wrote it, parents before what is in them, and bounded it. */
static void unpack(void) {
    int root = open(ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) give_up(ROOT);
    static unsigned char head[BLOCK];
    static char name[PATH_SIZE + 1], target[PATH_SIZE + 1]; /* the longest link, and a zero that the tar brings too */
    int has_name = 0, has_target = 0;
    for (;;) {
        get_tar(head, BLOCK);
        if (head[0] == 0) break;
        long long size = field(head + 124, 12);
        mode_t mode = (mode_t)field(head + 100, 8) & 0777;
        char type = (char)head[156];
        if (type == 'L' || type == 'K') {
            char *into = type == 'L' ? name : target;
            if (size > PATH_SIZE) give_up("a name is too long");
            get_tar(into, (size_t)size);
            into[size] = 0;
            skip(padded(size) - size);
            *(type == 'L' ? &has_name : &has_target) = 1;
            continue;
        }
        if (!has_name) snprintf(name, sizeof name, "%.100s", (char *)head);
        if (!has_target) snprintf(target, sizeof target, "%.100s", (char *)head + 157);
        has_name = has_target = 0;
        size_t length = strlen(name);
        while (length > 1 && name[length - 1] == '/') name[--length] = 0;
        if (type == '5') {
            if (mkdirat(root, name, mode | 0700) && errno != EEXIST) give_up(name);
        } else if (type == '2') {
            if (symlinkat(target, root, name)) give_up(name);
        } else if (!strcmp(name, "job") || !strcmp(name, "filter")) {
            if (size > MAX_HEADER) give_up("the job is too long");
            char *text = malloc((size_t)size + 1);
            if (text == NULL) give_up("reading the job");
            get_tar(text, (size_t)size);
            text[size] = 0;
            skip(padded(size) - size);
            if (name[0] == 'j') read_job(text, (size_t)size);
            else job.filter = (struct sock_fprog){(unsigned short)((size_t)size / sizeof(struct sock_filter)), (void *)text};
        } else {
            unpack_file(root, name, size, mode, (time_t)field(head + 136, 12));
        }
        if (!strncmp(name, "work/", 5)) remember(root, name);
    }
    get_tar(head, BLOCK); /* the second block of zeros, which ends the stream */
    skip(in_frame);
    close(root);
}

static int is_later(const struct timespec *one, const struct timespec *other) {
    return one->tv_sec > other->tv_sec || (one->tv_sec == other->tv_sec && one->tv_nsec > other->tv_nsec);
}

/* A time that no file that was unpacked is later than, and everything that the program changes will be.
 *
 * The kernel stamps files with a clock of its own, which is coarse but for files whose stamp was looked at
 * (Documentation/filesystems/multigrain-ts.rst), so a file has to tell the time, not clock_gettime(2). */
static struct timespec wait_for_a_tick(void) {
    struct stat before, now;
    struct timespec nap = {0, 200000};
    int fd = open(ROOT "/tick", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || fstat(fd, &before)) give_up("asking a file for the time");
    do {
        if (fchmod(fd, 0600) || fstat(fd, &now)) give_up("asking a file for the time");
    } while (!is_later(&now.st_ctim, &before.st_ctim) && nanosleep(&nap, NULL) == 0);
    close(fd);
    unlink(ROOT "/tick");
    return before.st_ctim;
}

/* ---- handing back ---- */

static long long bytes_left, entries_left;

/* Tell of something that is not sent. */
static void trouble(const char *path, const char *why) {
    char text[PATH_SIZE + 100];
    int length = snprintf(text, sizeof text, "%s%c%s", path, 0, why);
    put('n', text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
}

static void send_file(int folder, const char *name, const char *path, const struct stat *facts) {
    static char piece[PIECE];
    if (facts->st_size > bytes_left) return trouble(path, "over the size that is kept");
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return trouble(path, strerror(errno));
    bytes_left -= facts->st_size;
    char text[PATH_SIZE + 100];
    int length = snprintf(text, sizeof text, "%o %lld %s", facts->st_mode & 0777, (long long)facts->st_size, path);
    put('f', text, (size_t)length);
    for (long long left = facts->st_size; left > 0;) {
        ssize_t done = read(fd, piece, left < PIECE ? (size_t)left : PIECE);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) break;
        put('d', piece, (size_t)done);
        left -= done;
    }
    close(fd);
}

/* Send what lies in `folder`, and with `since` only what changed after it. All processes of the program are dead. */
static void send_folder(int folder, const char *prefix, const struct timespec *since, int depth) {
    DIR *listing = fdopendir(folder);
    if (listing == NULL) { close(folder); return; }
    struct dirent *entry;
    while ((entry = readdir(listing)) != NULL) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        char path[PATH_SIZE];
        struct stat facts;
        if (snprintf(path, sizeof path, "%s%s", prefix, entry->d_name) >= PATH_SIZE - 2) continue;
        if (fstatat(folder, entry->d_name, &facts, AT_SYMLINK_NOFOLLOW)) continue;
        int changed = since == NULL || is_later(&facts.st_ctim, since);
        if (changed && entries_left-- <= 0) { trouble(path, "and more: too many files"); break; }
        if (S_ISDIR(facts.st_mode)) {
            if (changed) say('p', "%s", path);
            if (depth >= MAX_DEPTH) { trouble(path, "too deep"); continue; }
            int inner = openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (inner < 0) { trouble(path, "unreadable"); continue; }
            /* what lies in a folder that came here by rename(2) is new here, and nothing in it tells so */
            const struct timespec *inside = since != NULL && is_as_sent(path + 5, facts.st_ino) ? since : NULL;
            strcat(path, "/");
            send_folder(inner, path, inside, depth + 1);
        } else if (!changed) {
            continue;
        } else if (S_ISREG(facts.st_mode)) {
            send_file(folder, entry->d_name, path, &facts);
        } else if (S_ISLNK(facts.st_mode)) {
            static char text[2 * PATH_SIZE + 1]; /* not on the stack, which is deep here */
            int length = snprintf(text, sizeof text, "%s%c", path, 0);
            ssize_t target = readlinkat(folder, entry->d_name, text + length, PATH_SIZE - 1);
            if (target > 0) put('s', text, (size_t)length + (size_t)target);
        } else {
            trouble(path, "not a regular file");
        }
    }
    closedir(listing);
}

static void hand_back(struct timespec since) {
    bytes_left = job.back_bytes;
    entries_left = job.back_entries;
    for (size_t each = 0; each < job.backs; each++) {
        char path[PATH_SIZE], prefix[PATH_SIZE];
        snprintf(path, sizeof path, ROOT "/%s", job.back[each]);
        snprintf(prefix, sizeof prefix, "%s/", job.back[each]);
        int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (folder >= 0) send_folder(folder, prefix, NULL, 0);
    }
    if (!job.changes) return;
    int work = open(ROOT "/work", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (work < 0) return;
    if (sents) qsort(sent, sents, sizeof *sent, by_path);
    for (size_t each = sents; each-- > 0;) { /* what is in a folder before the folder */
        struct stat facts;
        if (fstatat(work, sent[each].path, &facts, AT_SYMLINK_NOFOLLOW) && (errno == ENOENT || errno == ENOTDIR))
            say('x', "work/%s", sent[each].path);
    }
    send_folder(work, "work/", &since, 0);
}

/* ---- the program ---- */

static void limit(int what, long long most) {
    struct rlimit both = {(rlim_t)most, (rlim_t)most};
    if (most > 0 && setrlimit(what, &both)) _exit(124);
}

static _Noreturn void become_program(int in, int out, int err, int failed) {
    setsid();
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) _exit(124);
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) { /* the program is to be killed before its starter, who has to tell of it */
        if (write(fd, "1000", 4) < 0) {}
        close(fd);
    }
    if (fcntl(failed, F_SETFD, FD_CLOEXEC)) _exit(124);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    limit(RLIMIT_NOFILE, job.nofile);
    limit(RLIMIT_FSIZE, job.fsize);
    limit(RLIMIT_CPU, job.cpu_s);
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    job.argv[job.args] = job.env[job.envs] = NULL;
    int bad = 0;
    const char *what = job.cwd;
    if (chdir(job.cwd)) bad = errno;
    else if (job.filter.len > 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &job.filter)) {
        what = "seccomp";
        bad = errno;
    } else {
        what = job.argv[0];
        execve(job.argv[0], job.argv, job.env);
        bad = errno;
    }
    dprintf(failed, "`%s`: %s", what, strerror(bad));
    _exit(127);
}

static long long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct held {
    long long bytes, entries;
};

/* What lies in the places that the program may write to. */
static struct held look_at_disk(void) {
    struct held sum = {0, 0};
    static const char *const places[] = {ROOT, "/tmp"};
    for (size_t each = 0; each < 2; each++) {
        struct statvfs facts;
        if (statvfs(places[each], &facts)) continue;
        sum.bytes += (long long)(facts.f_blocks - facts.f_bfree) * (long long)facts.f_frsize;
        sum.entries += (long long)facts.f_files - (long long)facts.f_ffree;
    }
    return sum;
}

/* What was written since `before`, and the most of it so far. */
static struct held written(struct held before) {
    static struct held most;
    struct held now = look_at_disk();
    if (now.bytes - before.bytes > most.bytes) most.bytes = now.bytes - before.bytes;
    if (now.entries - before.entries > most.entries) most.entries = now.entries - before.entries;
    return most;
}

/* The size of the largest regular file below `folder`, which is closed. */
static long long largest_below(int folder, int depth) {
    DIR *listing = fdopendir(folder);
    if (listing == NULL) { close(folder); return 0; }
    long long largest = 0;
    struct dirent *entry;
    while ((entry = readdir(listing)) != NULL) {
        struct stat facts;
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        if (fstatat(folder, entry->d_name, &facts, AT_SYMLINK_NOFOLLOW)) continue;
        long long size = S_ISREG(facts.st_mode) ? (long long)facts.st_size : 0;
        if (S_ISDIR(facts.st_mode) && depth < MAX_DEPTH) {
            int inner = openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (inner >= 0) size = largest_below(inner, depth + 1);
        }
        if (size > largest) largest = size;
    }
    closedir(listing);
    return largest;
}

/* Any program can send itself the signal that means that a file is too large, so it is looked whether one is. */
static long long largest_file(void) {
    static const char *const places[] = {ROOT, "/tmp", "/dev/shm"};
    long long largest = 0;
    for (size_t each = 0; each < sizeof places / sizeof *places; each++) {
        int folder = open(places[each], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        long long size = folder < 0 ? 0 : largest_below(folder, 0);
        if (size > largest) largest = size;
    }
    return largest;
}

static int main_status = -1;

/* Collect every child that has ended; whether the program itself has. */
static int reap(pid_t program, int options) {
    int status, found = 0;
    pid_t pid;
    while ((pid = waitpid(-1, &status, options)) > 0 || (pid < 0 && errno == EINTR))
        if (pid == program) {
            main_status = status;
            found = 1;
        }
    return found;
}

/* Pass on what can be read from `fd`; 0 at its end. */
static int pass_on(char kind, int fd) {
    static char piece[PIECE];
    ssize_t length = read(fd, piece, sizeof piece);
    if (length < 0) return errno == EAGAIN || errno == EINTR;
    if (length == 0) return 0;
    put(kind, piece, (size_t)length);
    return 1;
}

static void kill_all(void) { kill(-1, SIGKILL); }

static void run(void) {
    int out[2], err[2], failed[2];
    int in = open(ROOT "/stdin", O_RDONLY | O_CLOEXEC);
    if (in < 0) in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (in < 0 || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC) || pipe2(failed, O_CLOEXEC)) give_up("making pipes");
    fcntl(out[0], F_SETPIPE_SZ, 1 << 20);
    fcntl(err[0], F_SETPIPE_SZ, 1 << 20);
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(err[0], F_SETFL, O_NONBLOCK);
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, NULL);
    int signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0) give_up("waiting for the program");
    long long cpu_before = cpu_us(), kills_before = oom_kills(), started = now_ms();
    struct held disk_before = look_at_disk();
    long long refused_before = pids("pids.events", "max"), peak_processes = 0;
    /* Memory for the time after the program, which may leave none. It is in a file and not mapped, or this process
     * would be a larger one than the program when the kernel looks for one to kill. */
    int reserve = memfd_create("reserve", MFD_CLOEXEC);
    if (reserve >= 0 && fallocate(reserve, 0, 0, RESERVE)) give_up("setting memory aside");
    pid_t program = fork();
    if (program < 0) give_up("starting the program");
    if (program == 0) become_program(in, out[1], err[1], failed[1]);
    close(in), close(out[1]), close(err[1]), close(failed[1]);
    struct pollfd waits[] = {{out[0], POLLIN, 0}, {err[0], POLLIN, 0}, {signals, POLLIN, 0}, {0, POLLIN, 0}};
    int running = 1, told = 0;
    while (running) {
        int ready = poll(waits, 4, LOOK_MS);
        if (ready < 0 && errno != EINTR) give_up("waiting for the program");
        if (ready > 0) {
            if (waits[0].revents && !pass_on('O', out[0])) waits[0].fd = -1;
            if (waits[1].revents && !pass_on('E', err[0])) waits[1].fd = -1;
            if (waits[2].revents) {
                struct signalfd_siginfo info;
                if (read(signals, &info, sizeof info) < 0) {} /* one a turn: the program may send them without end */
                if (reap(program, WNOHANG)) running = 0;
            }
            if (waits[3].revents) { /* the word to stop, or nobody listens any more */
                char word[5];
                if (read(0, word, sizeof word) <= 0) _exit(0);
                kill_all();
            }
        }
        if (job.wall_ms > 0 && now_ms() - started > job.wall_ms) kill_all();
        struct held disk = written(disk_before);
        long long processes = running_processes();
        if (processes > peak_processes) peak_processes = processes;
        if (running && now_ms() - started >= LOOK_MS * (long long)(told + 1)) {
            long long cpu = cpu_us();
            told = (int)((now_ms() - started) / LOOK_MS);
            say('S', "cpu=%lld\ndisk=%lld\nentries=%lld\nprocesses=%lld\n", cpu < 0 ? -1 : cpu - cpu_before, disk.bytes,
                disk.entries, processes);
        }
    }
    kill_all();
    reap(program, 0);
    close(reserve);
    for (int each = 0; each < 2; each++) {
        fcntl(waits[each].fd, F_SETFL, 0);
        while (waits[each].fd >= 0 && pass_on(each ? 'E' : 'O', waits[each].fd)) {}
    }
    char why[PATH_SIZE];
    ssize_t length = read(failed[0], why, sizeof why);
    if (length > 0) put('P', why, (size_t)length);
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    long long cpu = cpu_us(), memory = memory_peak();
    struct held disk = written(disk_before);
    if (memory > RESERVE) memory -= RESERVE;
    if (cpu < 0 || cpu_before < 0) {
        cpu = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
        cpu_before = 0;
    }
    int is_large = WIFSIGNALED(main_status) && WTERMSIG(main_status) == SIGXFSZ;
    say('U', "wait=%d\ncpu=%lld\nmemory=%lld\nlargest=%lld\noom=%lld\nrefused=%lld\nprocesses=%lld\ndisk=%lld\nentries=%lld\n"
        "file=%lld\n", main_status, cpu - cpu_before, memory, (long long)used.ru_maxrss * 1024,
        oom_kills() - kills_before, pids("pids.events", "max") - refused_before, peak_processes, disk.bytes,
        disk.entries, is_large ? largest_file() : -1);
}

int main(void) {
    prctl(PR_SET_DUMPABLE, 0);
    signal(SIGPIPE, SIG_IGN);
    umask(0);
    say_what_holds();
    unpack();
    umask(022);
    struct timespec since = {0, 0};
    if (job.changes) since = wait_for_a_tick();
    run();
    hand_back(since);
    put('Z', "", 0);
    char word[64]; /* When to end, and with it the container, is for PolyRun to say. */
    while (read(0, word, sizeof word) > 0) {}
    return 0;
}
