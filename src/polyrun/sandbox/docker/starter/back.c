/* What goes back: files that the program made, changed or removed. */
#include "starter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long long bytes_left, entries_left;

/* Tell of something that is not sent. */
static void trouble(const char *path, const char *why) {
    char text[PATH_SIZE + 100];
    int length = snprintf(text, sizeof text, "%s%c%s", path, 0, why);
    put('n', text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
}

/* Open a file or a folder of the program's, also one that its own modes lock: this process has the same user. */
static int open_own(int folder, const char *name, int flags, const struct stat *facts) {
    flags |= O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int fd = openat(folder, name, flags);
    if (fd < 0 && errno == EACCES && fchmodat(folder, name, (facts->st_mode & 07777) | 0500, 0) == 0)
        fd = openat(folder, name, flags);
    return fd;
}

static void send_file(int folder, const char *name, const char *path, const struct stat *facts) {
    static char piece[PIECE];
    if (facts->st_size > bytes_left) return trouble(path, "over the size that is kept");
    int fd = open_own(folder, name, 0, facts);
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

/* Whether a file of the document's folder that looks unchanged is not. */
static int was_written(int folder, const char *name, const char *path, const struct stat *facts) {
    int fd = S_ISREG(facts->st_mode) ? open_own(folder, name, 0, facts) : -1;
    if (fd < 0) return 0;
    int written = holds_other(path + strlen("work/"), facts->st_ino, fd);
    close(fd);
    return written;
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
            int inner = open_own(folder, entry->d_name, O_DIRECTORY, &facts);
            if (inner < 0) { trouble(path, "unreadable"); continue; }
            /* what lies in a folder that came here by rename(2) is new here, and nothing in it tells so */
            const struct timespec *inside = since != NULL && is_as_sent(path + 5, facts.st_ino) ? since : NULL;
            strcat(path, "/");
            send_folder(inner, path, inside, depth + 1);
        } else if (!changed && !was_written(folder, entry->d_name, path, &facts)) {
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

void hand_back(struct timespec since) {
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
    for (size_t each = sents; each-- > 0;) { /* what is in a folder before the folder */
        struct stat facts;
        if (fstatat(work, sent[each].path, &facts, AT_SYMLINK_NOFOLLOW) && (errno == ENOENT || errno == ENOTDIR))
            say('x', "work/%s", sent[each].path);
    }
    send_folder(work, "work/", &since, 0);
}
