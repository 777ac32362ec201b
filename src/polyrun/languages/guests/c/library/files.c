/* The data files of the outbox. */
#include "internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

/* Numbers that were given room in a data file, and are not handed over yet. */
static struct space {
  const void *data;
  size_t size;
  char file[FILE_NAME_SIZE];
  struct space *next;
} * spaces;

static const char *reason(const char *what) {
  char *text = malloc(256);
  if (text != NULL) snprintf(text, 256, "%s: %s", what, strerror(errno));
  return text != NULL ? text : what;
}

/* A new data file whose name ends in `ending`: its descriptor, or -1. `name` has FILE_NAME_SIZE bytes. */
int pr_create(struct writer *out, const char *ending, char *name) {
  static atomic_int count;
  char path[4096];
  snprintf(name, FILE_NAME_SIZE, "%s%d%s", pr_prefix(), count++, ending);
  snprintf(path, sizeof path, "%s/%s", pr_folder("POLYRUN_OUT"), name);
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) pr_fail(out, reason("a data file cannot be made"));
  return fd;
}

void pr_write_at(struct writer *out, int fd, const void *data, size_t size, size_t offset) {
  const char *at = data;
  while (fd >= 0 && size > 0) {
    ssize_t wrote = pwrite(fd, at, size < 1u << 30 ? size : 1u << 30, (off_t)offset);
    if (wrote < 0) return pr_fail(out, reason("the data cannot be written"));
    at += wrote;
    offset += (size_t)wrote;
    size -= (size_t)wrote;
  }
}

/* Numbers as a reference: where they lie already, or to a copy in a file of their own. */
void pr_put_numbers(struct writer *out, const void *data, size_t size) {
  for (struct space **one = &spaces; *one != NULL && size > 0; one = &(*one)->next) {
    if ((*one)->data != data || (*one)->size != size) continue;
    pr_put_ref(out, (*one)->file, NPY_HEAD, size);
    *one = (*one)->next; /* a file holds one value */
    return;
  }
  char name[FILE_NAME_SIZE];
  int fd = pr_create(out, ".npy", name);
  if (fd < 0) return;
  if (ftruncate(fd, NPY_HEAD) != 0) pr_fail(out, reason("a data file cannot be written"));
  pr_write_at(out, fd, data, size, NPY_HEAD);
  close(fd);
  pr_put_ref(out, name, NPY_HEAD, size);
}

void pr_put_bytes(struct writer *out, const void *data, size_t size) {
  if (size <= INLINE_BYTES) {
    pr_put_head(out, 2, size);
    pr_put_raw(out, data, size);
    return;
  }
  char name[FILE_NAME_SIZE];
  int fd = pr_create(out, ".bin", name);
  pr_write_at(out, fd, data, size, 0);
  if (fd >= 0) close(fd);
  pr_put_ref(out, name, 0, size);
}

static const char *media_type(const char *name) {
  static const char *const known[][2] = {{".csv", "text/csv"}, {".html", "text/html"}, {".jpg", "image/jpeg"},
      {".json", "application/json"}, {".pdf", "application/pdf"}, {".png", "image/png"}, {".svg", "image/svg+xml"},
      {".txt", "text/plain"}};
  const char *ending = strrchr(name, '.');
  for (size_t n = 0; ending != NULL && n < sizeof known / sizeof *known; n++) {
    if (strcmp(known[n][0], ending) == 0) return known[n][1];
  }
  return "application/octet-stream";
}

/* All that can be read from `from`, into the data file `to`; how much it was. */
static size_t copy(struct writer *out, int from, int to) {
  size_t size = 0;
  char *piece = malloc(1 << 20);
  for (ssize_t got; to >= 0 && piece != NULL && (got = read(from, piece, 1 << 20)) != 0; size += (size_t)got) {
    if (got < 0) {
      pr_fail(out, reason("its file cannot be read"));
      break;
    }
    pr_write_at(out, to, piece, (size_t)got, size);
  }
  free(piece);
  return size;
}

void pr_put_file(struct writer *out, polyrun_file file) {
  int from = file.path == NULL ? -1 : open(file.path, O_RDONLY | O_CLOEXEC);
  if (from < 0) return pr_fail(out, reason("its file cannot be read"));
  const char *slash = strrchr(file.path, '/'), *base = file.name != NULL ? file.name
                                                       : slash != NULL   ? slash + 1
                                                                         : file.path;
  char ending[104] = "-", name[FILE_NAME_SIZE];
  size_t skipped = strlen(base) > 100 ? strlen(base) - 100 : 0;
  for (size_t n = skipped; base[n] != 0; n++) {
    char c = base[n];
    ending[1 + n - skipped] = (c > 0 && isalnum((unsigned char)c)) || c == '.' || c == '-' ? c : '_';
  }
  int to = pr_create(out, ending, name);
  size_t size = copy(out, from, to);
  close(from);
  if (to >= 0) close(to);
  pr_put_head(out, 6, TAG_FILE);
  pr_put_head(out, 4, 3);
  pr_put_text(out, base);
  pr_put_text(out, file.media != NULL ? file.media : media_type(base));
  pr_put_ref(out, name, 0, size);
}

/* What has been written once already, with copies of its data files, because a file holds one value. */
static void put_again(struct writer *out, struct reader *in, const char **old, char *name) {
  const unsigned char *start = in->at;
  int major;
  uint64_t number = pr_head(in, &major);
  if (major == 6 && number == TAG_REF) {
    pr_size(in, 4);
    const char *file = pr_text(in);
    size_t offset = (size_t)pr_integer(in), size = (size_t)pr_integer(in);
    if (*old == NULL || strcmp(*old, file) != 0) {
      char path[4096];
      snprintf(path, sizeof path, "%s/%s", pr_folder("POLYRUN_OUT"), file);
      int from = open(path, O_RDONLY | O_CLOEXEC),
          to = pr_create(out, file + strlen(pr_prefix()) + strspn(file + strlen(pr_prefix()), "0123456789"), name);
      if (from < 0) pr_fail(out, reason("its data cannot be read"));
      else copy(out, from, to);
      if (from >= 0) close(from);
      if (to >= 0) close(to);
      *old = file;
    }
    return pr_put_ref(out, name, offset, size);
  }
  uint64_t inside = major == 4 ? number : major == 5 ? number * 2 : major == 6 ? 1 : 0;
  if (major == 2 || major == 3) {
    in->at = start;
    pr_string(in, major);
  }
  pr_put_raw(out, start, (size_t)(in->at - start));
  while (inside-- > 0) put_again(out, in, old, name);
}

void pr_put_again(struct writer *out, struct reader *in) {
  const char *old = NULL;
  char name[FILE_NAME_SIZE];
  put_again(out, in, &old, name);
}

/* Room for numbers that are written in place and are not copied when they are handed over. */
void polyrun_array_new_(const struct polyrun_type *type, void *to, size_t ndim, const size_t *shape) {
  struct polyrun_any_array made = {.size = 1, .ndim = ndim, .order = 'C'};
  struct writer out = {0};
  struct space *space = calloc(1, sizeof *space);
  if (ndim > 8 || space == NULL) pr_die("an array has 8 dimensions at most");
  for (size_t n = 0; n < ndim; n++) {
    made.shape[n] = shape[n];
    if (__builtin_mul_overflow(made.size, shape[n], &made.size)) pr_die("there is no room for an array that large");
  }
  size_t size;
  if (__builtin_mul_overflow(made.size, type->item->size, &size) || size > SIZE_MAX / 4)
    pr_die("there is no room for an array that large");
  int fd = pr_create(&out, ".npy", space->file);
  if (fd < 0) pr_die("%s", out.why);
  int full = ftruncate(fd, (off_t)(NPY_HEAD + size)) != 0 ? errno
             : size != 0                                  ? posix_fallocate(fd, NPY_HEAD, (off_t)size)
                                                          : 0;
  char *at = full != 0 ? MAP_FAILED : mmap(NULL, NPY_HEAD + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) pr_die("there is no room for an array: %s", strerror(full != 0 ? full : errno));
  close(fd);
  made.data = at + NPY_HEAD;
  space->data = made.data;
  space->size = size;
  space->next = spaces;
  spaces = space;
  memcpy(to, &made, offsetof(struct polyrun_any_array, dtype));
}
