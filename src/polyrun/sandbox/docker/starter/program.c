/* The program: how it starts, what it may use, how it ends. */
#include "starter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

void run(void) {
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
