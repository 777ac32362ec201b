/* Tables that a block makes or hands on: their columns in the layout of Apache Arrow. */
#include "internal.h"

#include <unistd.h>

/* A column in the bytes that a table file has for it. */
struct made {
  char *name, type[96];
  bool has_nulls, is_variable;
  struct writer valid, data, offsets;
};

struct table_columns {
  size_t rows, count;
  struct made *all;
};

static void put_bit(struct writer *bits, size_t n, bool on) {
  if (n % 8 == 0) pr_put_byte(bits, 0);
  if (on && bits->data != NULL) bits->data[n / 8] |= (unsigned char)(1u << (n & 7));
}

static void put_variable(struct made *column, const void *data, size_t size) {
  pr_put_raw(&column->data, data, size);
  if (column->data.size > INT32_MAX) pr_fail(&column->data, "a column of texts can hold 2 GiB at most");
  int32_t end = (int32_t)column->data.size;
  pr_put_raw(&column->offsets, &end, sizeof end);
}

/* Nanoseconds, and the zone that they count in, of one time. */
struct instant {
  __int128 ns;
  char zone[72];
};

static struct instant instant(const struct polyrun_type *item, const void *at) {
  struct instant found = {0, ""};
  if (item->kind == POLYRUN_DURATION) {
    const polyrun_duration *duration = at;
    found.ns = (__int128)duration->seconds * 1000000000 + duration->nanoseconds;
  } else if (item->kind == POLYRUN_TIME) {
    const polyrun_time *time = at;
    found.ns = ((__int128)time->hour * 3600 + time->minute * 60 + time->second) * 1000000000 + time->nanosecond;
  } else {
    const polyrun_timestamp *moment = at;
    int offset = abs(moment->offset);
    found.ns = (__int128)polyrun_from_timestamp(*moment) * 1000000000 + moment->nanosecond;
    if (moment->zone != NULL) snprintf(found.zone, sizeof found.zone, ",%.64s", moment->zone);
    else if (moment->has_offset && offset == 0) strcpy(found.zone, ",UTC");
    else if (moment->has_offset)
      snprintf(found.zone, sizeof found.zone, ",%c%02d:%02d", moment->offset < 0 ? '-' : '+', offset / 60 % 100,
          offset % 60);
  }
  return found;
}

/* Times in the coarsest unit that holds all of them. */
static void put_instants(
    struct made *column, const struct polyrun_type *item, const char *data, size_t rows, const bool *valid) {
  char zone[72] = "?";
  __int128 unit = 1000;
  for (size_t n = 0; n < rows; n++) {
    if (valid != NULL && !valid[n]) continue;
    struct instant found = instant(item, data + n * item->size);
    if (found.ns % 1000 != 0) unit = 1;
    if (zone[0] == '?') strcpy(zone, found.zone);
    else if (strcmp(zone, found.zone) != 0) pr_fail(&column->data, "a column of timestamps has one time zone");
  }
  for (size_t n = 0; n < rows; n++) {
    bool there = valid == NULL || valid[n];
    __int128 count = there ? instant(item, data + n * item->size).ns / unit : 0;
    int64_t number = (int64_t)count;
    if (number != count) pr_fail(&column->data, "a column has a time that is too far away");
    pr_put_raw(&column->data, &number, sizeof number);
  }
  snprintf(
      column->type, sizeof column->type, "%s(%s%s)", item->name, unit == 1 ? "ns" : "us", zone[0] == '?' ? "" : zone);
}

static void put_values(
    struct made *column, const struct polyrun_type *item, const char *data, size_t rows, const bool *valid) {
  static const int32_t first = 0;
  snprintf(column->type, sizeof column->type, "%s", item->name);
  switch (item->kind) {
    case POLYRUN_INT:
    case POLYRUN_FLOAT:
    case POLYRUN_COUNT: pr_put_raw(&column->data, data, rows * item->size); return;
    case POLYRUN_BOOL:
      for (size_t n = 0; n < rows; n++) put_bit(&column->data, n, ((const bool *)data)[n]);
      return;
    case POLYRUN_TIME:
    case POLYRUN_TIMESTAMP:
    case POLYRUN_DURATION: put_instants(column, item, data, rows, valid); return;
    case POLYRUN_DATE:
      for (size_t n = 0; n < rows; n++) {
        char text[MOMENT_SIZE];
        polyrun_date date = ((const polyrun_date *)(const void *)data)[n];
        bool there = valid == NULL || valid[n];
        if (there && !pr_format_date(text, date)) pr_fail(&column->data, "a column has a date that no calendar has");
        polyrun_days days = there ? polyrun_from_date(date) : (polyrun_days){0};
        pr_put_raw(&column->data, &days, sizeof days);
      }
      return;
    case POLYRUN_TEXT:
    case POLYRUN_BYTES:
      column->is_variable = true;
      pr_put_raw(&column->offsets, &first, sizeof first);
      for (size_t n = 0; n < rows; n++) {
        polyrun_bytes piece = {0};
        if (item->kind == POLYRUN_BYTES) piece = ((const polyrun_bytes *)(const void *)data)[n];
        else piece.data = ((const unsigned char *const *)(const void *)data)[n];
        if (valid != NULL && !valid[n]) piece.data = NULL;
        if (piece.data == NULL) piece.size = 0;
        else if (item->kind == POLYRUN_TEXT) piece.size = strlen((const char *)piece.data);
        if (item->kind == POLYRUN_TEXT && !pr_is_utf8((const char *)piece.data, piece.size))
          pr_fail(&column->data, "a column has a text that is not valid UTF-8");
        put_variable(column, piece.data, piece.size);
      }
      return;
    default: pr_fail(&column->data, "a column of a table holds numbers, bools, texts, bytes, dates or times");
  }
}

static void add(struct table_columns *columns, const char *name, const struct polyrun_type *item, const char *data,
    const bool *valid) {
  columns->all = realloc(columns->all, (columns->count + 1) * sizeof *columns->all);
  if (columns->all == NULL) pr_die("there is no memory for a table");
  struct made *column = &columns->all[columns->count++];
  *column = (struct made){.name = strdup(name)};
  for (size_t n = 0; n < columns->rows; n++) {
    bool there = valid == NULL || valid[n];
    if (item->kind == POLYRUN_TEXT) there = there && ((const char *const *)(const void *)data)[n] != NULL;
    put_bit(&column->valid, n, there);
    column->has_nulls |= !there;
  }
  put_values(column, item, data, columns->rows, valid);
}

polyrun_table *polyrun_table_new(size_t rows) {
  struct builder *made = calloc(1, sizeof *made);
  struct table_columns *columns = calloc(1, sizeof *columns);
  if (made == NULL || columns == NULL) pr_die("there is no memory for a table");
  columns->rows = rows;
  made->kind = POLYRUN_TABLE;
  made->columns = columns;
  return (polyrun_table *)made;
}

void polyrun_table_add_(
    polyrun_table *table, const char *name, const struct polyrun_type *item, const void *data, const _Bool *valid) {
  add(((struct builder *)table)->columns, name, item, data, valid);
}

/* Parts of columns go into one file, one after another, each at a multiple of 64. */
struct table_file {
  struct writer *out;
  char name[FILE_NAME_SIZE];
  int fd;
  size_t at;
};

static void put_part(struct table_file *file, const void *data, size_t size) {
  file->at = (file->at + 63) / 64 * 64;
  if (size == 0 && file->fd >= 0 && ftruncate(file->fd, (off_t)file->at) != 0)
    pr_fail(file->out, "a table cannot be written");
  pr_write_at(file->out, file->fd, data, size, file->at);
  pr_put_ref(file->out, file->name, file->at, size);
  file->at += size;
}

static void put_column(struct table_file *file, const struct made *column) {
  struct writer *out = file->out;
  pr_put_head(out, 4, 5);
  pr_put_text(out, column->name);
  pr_put_text(out, column->type);
  if (column->has_nulls) put_part(file, column->valid.data, column->valid.size);
  else pr_put_byte(out, 0xf6);
  put_part(file, column->data.data, column->data.size);
  if (column->is_variable) put_part(file, column->offsets.data, column->offsets.size);
  else pr_put_byte(out, 0xf6);
  if (column->data.why != NULL) pr_fail(out, column->data.why);
}

void pr_write_columns(struct writer *out, const struct table_columns *columns) {
  struct table_file file = {.out = out, .fd = -1, .at = 2048};
  pr_put_head(out, 6, TAG_TABLE);
  pr_put_head(out, 4, 2);
  pr_put_head(out, 0, columns->rows);
  pr_put_head(out, 4, columns->count);
  if (columns->count == 0) return;
  for (size_t n = 0; n < columns->count; n++) file.at += 512 + strlen(columns->all[n].name);
  file.at = (file.at + 4095) / 4096 * 4096;
  file.fd = pr_create(out, ".arrow", file.name);
  for (size_t n = 0; n < columns->count; n++) put_column(&file, &columns->all[n]);
  if (file.fd >= 0) close(file.fd);
}

/* A table that came from another block, as it is, or with other values where a block has put them. */
void pr_write_table(struct writer *out, const struct polyrun_type *type, const void *at) {
  struct table_columns columns = {0};
  memcpy(&columns.rows, at, sizeof columns.rows);
  for (size_t n = 0; n < type->count; n++) {
    const void *values = *(const void *const *)(const void *)((const char *)at + type->fields[n].offset);
    const struct column *found = pr_column(values);
    if (found == NULL || found->rows != columns.rows) {
      add(&columns, type->fields[n].name, type->fields[n].type, values, NULL);
      continue;
    }
    columns.all = realloc(columns.all, (columns.count + 1) * sizeof *columns.all);
    if (columns.all == NULL) pr_die("there is no memory for a table");
    struct made *column = &columns.all[columns.count++];
    *column = (struct made){
        .name = (char *)type->fields[n].name,
        .has_nulls = found->valid.data != NULL,
        .is_variable = found->offsets.data != NULL,
        .valid = {.data = (unsigned char *)found->valid.data, .size = found->valid.size},
        .data = {.data = (unsigned char *)found->data.data, .size = found->data.size},
        .offsets = {.data = (unsigned char *)found->offsets.data, .size = found->offsets.size},
    };
    snprintf(column->type, sizeof column->type, "%s", found->type);
  }
  pr_write_columns(out, &columns);
  free(columns.all);
}
