/* PID 1 of a container: takes one job, runs it, hands back what it printed and wrote, and ends.
 *
 * It speaks with PolyRun through its own stdin and stdout, which the program never gets. Both directions carry frames:
 * one byte for the kind, four for the length (big-endian), then the payload; see `frames.py`. The job is a GNU tar
 * stream in frames of the kind 't'. The program has the same user as this process, so this one is not dumpable
 * (prctl(2)): nobody can open its descriptors, its memory or its environment in /proc, or trace it. As PID 1 it cannot
 * be killed from inside (pid_namespaces(7)), every orphan becomes its child, and kill(-1) reaches everything else.
 */
#include "starter.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

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
