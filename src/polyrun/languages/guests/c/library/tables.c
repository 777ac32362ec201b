/* Imported tables: where each column's values lie. */
#include "internal.h"

static struct column **buckets;
static size_t bucket_count, column_count;

static size_t bucket(const void *values) {
  return ((uintptr_t)values >> 3) * 0x9e3779b97f4a7c15u >> 20 & (bucket_count - 1);
}

static void keep(struct column *column) {
  if (column_count++ >= bucket_count) {
    struct column **old = buckets;
    size_t old_count = bucket_count;
    bucket_count = old_count ? old_count * 4 : 64;
    buckets = pr_room(bucket_count * sizeof *buckets);
    for (size_t n = 0; n < old_count; n++) {
      for (struct column *one = old[n], *next; one != NULL; one = next) {
        next = one->next;
        one->next = buckets[bucket(one->values)];
        buckets[bucket(one->values)] = one;
      }
    }
  }
  column->next = buckets[bucket(column->values)];
  buckets[bucket(column->values)] = column;
}

const struct column *pr_column(const void *values) {
  if (bucket_count == 0) return NULL;
  const struct column *one = buckets[bucket(values)];
  while (one != NULL && one->values != values) one = one->next;
  return one;
}

static bool is_valid(const struct column *column, size_t n) {
  return column->valid.data == NULL || (column->valid.data[n >> 3] >> (n & 7) & 1);
}

_Bool polyrun_is_null(const void *values, size_t n) {
  const struct column *column = pr_column(values);
  if (column == NULL) pr_die("polyrun_is_null was given something that is no column of an imported table");
  return !is_valid(column, n);
}

const char *polyrun_zone(const void *values) {
  const struct column *column = pr_column(values);
  return column == NULL ? NULL : column->zone;
}

/* Bits as a bool each. */
static const void *spread(const struct column *column, size_t rows) {
  bool *all = pr_room(rows + 1);
  for (size_t n = 0; n < rows; n++) all[n] = column->data.data[n >> 3] >> (n & 7) & 1;
  return all;
}

/* Texts as pointers into one copy in which each ends with a NUL; NULL where there is none. */
static const void *texts(const struct column *column, size_t rows) {
  const int32_t *offsets = (const int32_t *)(const void *)column->offsets.data;
  polyrun_text *all = pr_room(rows * sizeof *all + 1);
  char *copy = pr_room(column->data.size + rows);
  for (size_t n = 0; n < rows; n++) {
    size_t size = (size_t)(offsets[n + 1] - offsets[n]);
    if (!is_valid(column, n)) continue;
    memcpy(copy, column->data.data + offsets[n], size);
    copy[size] = 0;
    all[n] = copy;
    copy += size + 1;
  }
  return all;
}

static const void *byte_strings(const struct column *column, size_t rows) {
  const int32_t *offsets = (const int32_t *)(const void *)column->offsets.data;
  polyrun_bytes *all = pr_room(rows * sizeof *all + 1);
  for (size_t n = 0; n < rows; n++)
    all[n] = (polyrun_bytes){column->data.data + offsets[n], (size_t)(offsets[n + 1] - offsets[n])};
  return all;
}

/* The zone in a type such as timestamp(us,Europe/Berlin). */
static const char *zone_of(const char *type) {
  const char *comma = strchr(type, ',');
  if (comma == NULL || strncmp(type, "timestamp", 9) != 0) return NULL;
  char *zone = pr_room(strlen(comma));
  memcpy(zone, comma + 1, strlen(comma) - 2);
  return zone;
}

static const void *values_of(const struct column *column, const struct polyrun_type *type, size_t rows) {
  switch (type->kind) {
    case POLYRUN_BOOL: return spread(column, rows);
    case POLYRUN_TEXT: return texts(column, rows);
    case POLYRUN_BYTES: return byte_strings(column, rows);
    default: return column->data.data != NULL ? column->data.data : pr_room(1);
  }
}

void pr_read_table(struct reader *in, const struct polyrun_type *type, void *to) {
  pr_size(in, 4);
  size_t rows = (size_t)pr_integer(in);
  memcpy(to, &rows, sizeof rows);
  if (pr_size(in, 4) != type->count) pr_die("a table has another number of columns than its type");
  for (size_t n = 0; n < type->count; n++) {
    pr_size(in, 4);
    const char *name = pr_text(in);
    struct column *column = pr_room(sizeof *column);
    column->type = pr_text(in);
    if (strcmp(name, type->fields[n].name) != 0)
      pr_die("a table has the column %s where %s belongs", name, type->fields[n].name);
    if (!pr_null(in)) column->valid = pr_bytes(in);
    column->data = pr_bytes(in);
    if (!pr_null(in)) column->offsets = pr_bytes(in);
    column->rows = rows;
    column->zone = zone_of(column->type);
    column->values = values_of(column, type->fields[n].type, rows);
    keep(column);
    memcpy((char *)to + type->fields[n].offset, &column->values, sizeof column->values);
  }
}
