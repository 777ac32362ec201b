/* Frames: what goes to PolyRun and what comes from it. */
#include "starter.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

void put(char kind, const void *data, size_t length) {
    put_head(kind, (uint32_t)length);
    put_all(data, length);
}

void say(char kind, const char *format, ...) {
    char text[PATH_SIZE + 512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put(kind, text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
}

_Noreturn void give_up(const char *what) {
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

uint32_t in_frame;

void get_tar(void *data, size_t length) {
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
