/* The job: what is to be run, and the files that come with it. */
#include "starter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct job job;

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
struct sent *sent;
size_t sents;
static size_t sent_room;

static void remember(int root, const char *name, uint64_t sum) {
    struct stat facts;
    if (sents == sent_room) {
        sent_room = sent_room ? 2 * sent_room : 256;
        sent = realloc(sent, sent_room * sizeof *sent);
        if (sent == NULL) give_up("remembering files");
    }
    if (fstatat(root, name, &facts, AT_SYMLINK_NOFOLLOW)) give_up(name);
    sent[sents].path = strdup(name + strlen("work/"));
    sent[sents].number = facts.st_ino;
    sent[sents].sum = sum;
    if (sent[sents++].path == NULL) give_up("remembering files");
}

/* A sum of what a file holds, continued; it shows change, not malice: who fakes one loses his own change. */
static uint64_t summed(uint64_t sum, const char *data, size_t length) {
    for (; length >= sizeof sum; data += sizeof sum, length -= sizeof sum) {
        uint64_t word;
        memcpy(&word, data, sizeof word);
        sum = (sum ^ word) * 0x9E3779B97F4A7C15u;
        sum ^= sum >> 29;
    }
    for (; length > 0; data++, length--) sum = (sum ^ (unsigned char)*data) * 0x100000001B3u;
    return sum;
}

static int by_path(const void *one, const void *other) {
    return strcmp(((const struct sent *)one)->path, ((const struct sent *)other)->path);
}

static const struct sent *find_sent(const char *path) {
    struct sent wanted = {(char *)path, 0, 0};
    return sents ? bsearch(&wanted, sent, sents, sizeof *sent, by_path) : NULL;
}

/* Whether `path` in the document's folder is the very file or folder that was unpacked there. */
int is_as_sent(const char *path, ino_t number) {
    const struct sent *found = find_sent(path);
    return found != NULL && found->number == number;
}

/* Whether the file `fd`, which was unpacked as `path`, holds something else by now. A write through a mapping need not
 * show in a file's times: on a tmpfs a page that was read before may be written to without any fault (mm/shmem.c). */
int holds_other(const char *path, ino_t number, int fd) {
    static char piece[PIECE];
    const struct sent *found = find_sent(path);
    if (found == NULL || found->number != number) return 0;
    uint64_t sum = 0;
    for (;;) {
        size_t held = 0;
        while (held < sizeof piece) { /* whole pieces, as when it was unpacked */
            ssize_t done = read(fd, piece + held, sizeof piece - held);
            if (done < 0 && errno == EINTR) continue;
            if (done <= 0) break;
            held += (size_t)done;
        }
        if (held == 0) return sum != found->sum;
        sum = summed(sum, piece, held);
    }
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

static uint64_t unpack_file(int root, const char *name, long long size, mode_t mode, time_t modified) {
    uint64_t sum = 0;
    static char piece[PIECE];
    int fd = openat(root, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode | 0200);
    if (fd < 0) give_up(name);
    for (long long left = size; left > 0;) {
        size_t now = left < PIECE ? (size_t)left : PIECE;
        get_tar(piece, now);
        sum = summed(sum, piece, now);
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
    return sum;
}

/* Unpack the job's tar stream into ROOT. PolyRun wrote it, parents before what is in them, and bounded it. */
void unpack(void) {
    int root = open(ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) give_up(ROOT);
    static unsigned char head[BLOCK];
    static char name[PATH_SIZE + 1], target[PATH_SIZE + 1]; /* the longest link, and a zero that the tar brings too */
    int has_name = 0, has_target = 0;
    for (;;) {
        uint64_t sum = 0;
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
            sum = unpack_file(root, name, size, mode, (time_t)field(head + 136, 12));
        }
        if (!strncmp(name, "work/", 5)) remember(root, name, sum);
    }
    get_tar(head, BLOCK); /* the second block of zeros, which ends the stream */
    skip(in_frame);
    close(root);
    if (sents) qsort(sent, sents, sizeof *sent, by_path);
}

int is_later(const struct timespec *one, const struct timespec *other) {
    return one->tv_sec > other->tv_sec || (one->tv_sec == other->tv_sec && one->tv_nsec > other->tv_nsec);
}

/* A time that no file that was unpacked is later than, and everything that the program changes will be.
 *
 * The kernel stamps files with a clock of its own, which is coarse but for files whose stamp was looked at
 * (Documentation/filesystems/multigrain-ts.rst), so a file has to tell the time, not clock_gettime(2). */
struct timespec wait_for_a_tick(void) {
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
