/* What a block exports: gathered while it runs, and written when it ends by itself. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

struct export {
  char *name;
  struct writer value;
};

static struct export *exports;
static size_t count;
static struct polyrun_guard *guards;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t owner; /* A child that is forked has nothing to hand over. */

__attribute__((constructor)) static void begin(void) { owner = getpid(); }

static void keep(const char *name, struct writer value) {
  pthread_mutex_lock(&lock);
  size_t at = 0;
  while (at < count && strcmp(exports[at].name, name) != 0) at++;
  if (at == count) {
    exports = realloc(exports, (count + 1) * sizeof *exports);
    char *copy = strdup(name);
    if (exports == NULL || copy == NULL) pr_die("there is no memory for `%s`", name);
    exports[count++].name = copy;
  } else {
    free(exports[at].value.data);
  }
  exports[at].value = value;
  pthread_mutex_unlock(&lock);
}

void polyrun_put_(const char *name, struct polyrun_what what, const char *file, int line) {
  if (getpid() != owner) return;
  const struct inbox_entry *export = pr_exported(name);
  if (export == NULL) {
    fflush(stdout);
    fprintf(stderr, "%s:%d: `%s` is not exported: add `#export: %s` to the block\n", file, line, name, name);
    fflush(stderr);
    _exit(1);
  }
  struct writer value = {0};
  pr_write_what(&value, &what, export->declared);
  keep(name, value);
}

void polyrun_enter_(struct polyrun_guard *guard) {
  guard->next = guards;
  guards = guard;
}

/* `guard` may never have been entered, when a goto has passed its declaration by: nothing in it is looked at before it
 * is found. */
void polyrun_leave_(struct polyrun_guard *guard) {
  for (struct polyrun_guard **one = &guards; *one != NULL; one = &(*one)->next) {
    if (*one != guard) continue;
    *one = guard->next;
    polyrun_put_(guard->name, guard->what, "", 0);
    return;
  }
}

static void put_all(struct writer *out, bool refused) {
  size_t some = 0;
  for (size_t n = 0; n < count; n++) some += (exports[n].value.why != NULL) == refused;
  pr_put_head(out, 5, some);
  for (size_t n = 0; n < count; n++) {
    const struct writer *value = &exports[n].value;
    if ((value->why != NULL) != refused) continue;
    pr_put_text(out, exports[n].name);
    if (refused) pr_put_text(out, value->why);
    else pr_put_raw(out, value->data, value->size);
  }
}

/* After all functions given to atexit(). When the program has left through exit(), the variables of `main` are still
 * there. */
__attribute__((destructor)) static void finish(void) {
  if (getpid() != owner) return;
  while (guards != NULL) polyrun_leave_(guards);
  if (count == 0 && getenv("POLYRUN_OUT") == NULL) return;
  struct writer out = {0};
  pr_put_head(&out, 5, 3);
  pr_put_text(&out, "polyrun");
  pr_put_int(&out, 1);
  pr_put_text(&out, "exports");
  put_all(&out, false);
  pr_put_text(&out, "refused");
  put_all(&out, true);
  char part[4096], path[4096];
  snprintf(part, sizeof part, "%s/values.part", pr_folder("POLYRUN_OUT"));
  snprintf(path, sizeof path, "%s/values.cbor", pr_folder("POLYRUN_OUT"));
  int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  pr_write_at(&out, fd, out.data, out.size, 0);
  if (fd < 0 || out.why != NULL || close(fd) != 0 || rename(part, path) != 0) {
    pr_die("the exported values cannot be written: %s", out.why != NULL ? out.why : strerror(errno));
  }
}
