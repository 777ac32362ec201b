/* The bytes of value files: CBOR (RFC 8949) with private tags, and the data files they refer to. */
#include "internal.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void pr_die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fflush(stdout);
  fputs("polyrun: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  fflush(stderr);
  _exit(1);
}

/* Memory that is never given back: what is imported is there until the end. */
void *pr_room(size_t size) {
  static char *left;
  static size_t left_size;
  size = (size + 15) / 16 * 16;
  if (size > left_size) {
    size_t chunk = size > 32 * 1024 ? size : 64 * 1024;
    char *made = calloc(1, chunk);
    if (made == NULL) pr_die("there is no memory for the imported values");
    if (chunk == size) return made;
    left = made;
    left_size = chunk;
  }
  void *taken = left;
  left += size;
  left_size -= size;
  return taken;
}

const char *pr_folder(const char *variable) {
  const char *path = getenv(variable);
  if (path == NULL) pr_die("this block has no values: %s is not set", variable);
  return path;
}

/* A file of the inbox in memory. Pages are copied when they are written to, and the file stays as it is. */
static struct piece map(const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", pr_folder("POLYRUN_IN"), name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat facts;
  if (fd < 0 || fstat(fd, &facts) != 0) pr_die("cannot read %s", path);
  void *at = NULL;
  if (facts.st_size != 0) at = mmap(NULL, (size_t)facts.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  if (at == MAP_FAILED) pr_die("cannot map %s", path);
  close(fd);
  return (struct piece){at, (size_t)facts.st_size};
}

struct piece pr_file(const char *name) {
  static struct known {
    const char *name;
    struct piece bytes;
    struct known *next;
  } * all;
  for (struct known *one = all; one != NULL; one = one->next) {
    if (strcmp(one->name, name) == 0) return one->bytes;
  }
  struct known *made = pr_room(sizeof *made);
  *made = (struct known){name, map(name), all};
  all = made;
  return made->bytes;
}

static const unsigned char *take(struct reader *in, uint64_t size) {
  if (size > (uint64_t)(in->end - in->at)) pr_die("the value file ends too early");
  const unsigned char *at = in->at;
  in->at += size;
  return at;
}

unsigned pr_peek(struct reader *in) {
  if (in->at == in->end) pr_die("the value file ends too early");
  return *in->at;
}

uint64_t pr_head(struct reader *in, int *major) {
  unsigned first = *take(in, 1), info = first & 31;
  *major = (int)(first >> 5);
  if (info < 24) return info;
  size_t size = (size_t)1 << (info - 24);
  const unsigned char *bytes = take(in, size);
  uint64_t number = 0;
  for (size_t n = 0; n < size; n++) number = number << 8 | bytes[n];
  return number;
}

static uint64_t expect(struct reader *in, int wanted, const char *what) {
  int major;
  uint64_t number = pr_head(in, &major);
  if (major != wanted) pr_die("the value file has something else where %s belongs", what);
  return number;
}

uint64_t pr_size(struct reader *in, int major) { return expect(in, major, major == 4 ? "a list" : "a map"); }

struct piece pr_string(struct reader *in, int major) {
  uint64_t size = expect(in, major, major == 3 ? "a text" : "bytes");
  return (struct piece){take(in, size), size};
}

/* A copy that ends with a NUL. */
const char *pr_text(struct reader *in) {
  struct piece text = pr_string(in, 3);
  char *copy = pr_room(text.size + 1);
  memcpy(copy, text.data, text.size);
  return copy;
}

int64_t pr_integer(struct reader *in) {
  int major;
  uint64_t number = pr_head(in, &major);
  if (major > 1 || number > INT64_MAX) pr_die("the value file has something else where an integer of 64 bits belongs");
  return major == 0 ? (int64_t)number : -1 - (int64_t)number;
}

/* The tag that comes next, 0 when it is none; it is gone past. */
uint64_t pr_tag(struct reader *in) { return pr_peek(in) >> 5 == 6 ? expect(in, 6, "a tag") : 0; }

bool pr_null(struct reader *in) {
  if (pr_peek(in) != 0xf6) return false;
  in->at++;
  return true;
}

double pr_real(struct reader *in) {
  double real;
  if (pr_peek(in) != 0xfb) {
    int64_t whole = pr_integer(in);
    real = (double)whole;
    if (real >= 0x1p63 || (int64_t)real != whole)
      pr_die("%lld stands among floats, and no float is exactly that", (long long)whole);
    return real;
  }
  uint64_t bits = expect(in, 7, "a float");
  memcpy(&real, &bits, sizeof real);
  return real;
}

/* What a reference stands for; the tag is gone past. */
struct piece pr_ref(struct reader *in, const char **file) {
  pr_size(in, 4);
  const char *name = pr_text(in);
  size_t offset = (size_t)pr_integer(in), size = (size_t)pr_integer(in);
  if (file != NULL) *file = name;
  if (size == 0) return (struct piece){NULL, 0};
  struct piece all = pr_file(name);
  if (offset > all.size || size > all.size - offset) pr_die("the data file %s is too short", name);
  return (struct piece){all.data + offset, size};
}

struct piece pr_bytes(struct reader *in) {
  if (pr_peek(in) >> 5 == 2) return pr_string(in, 2);
  if (pr_tag(in) != TAG_REF) pr_die("the value file has something else where bytes belong");
  return pr_ref(in, NULL);
}

void pr_skip(struct reader *in) {
  int major;
  uint64_t number = pr_head(in, &major);
  if (major == 2 || major == 3) take(in, number);
  if (major == 5) number *= 2;
  if (major == 4 || major == 5)
    while (number-- > 0) pr_skip(in);
  if (major == 6) pr_skip(in);
}
