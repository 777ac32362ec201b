/* What the files of this library share. */
#ifndef POLYRUN_INTERNAL_H
#define POLYRUN_INTERNAL_H
#define _GNU_SOURCE
#include "../polyrun.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* The private tags of value files (docs/value-files.md). */
enum {
  TAG_REF = 50500,
  TAG_BIG_INT,
  TAG_DECIMAL,
  TAG_DATE,
  TAG_TIME,
  TAG_TIMESTAMP,
  TAG_DURATION,
  TAG_PACKED,
  TAG_ARRAY,
  TAG_TABLE,
  TAG_FILE,
};

/* wire.c: reading value files. What is wrong with one ends the program, for it is no fault of the block's. */
struct piece {
  const unsigned char *data;
  size_t size;
};
struct reader {
  const unsigned char *at, *end;
};

_Noreturn void pr_die(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *pr_room(size_t size);
const char *pr_folder(const char *variable);
struct piece pr_file(const char *name);
unsigned pr_peek(struct reader *in);
uint64_t pr_head(struct reader *in, int *major);
uint64_t pr_size(struct reader *in, int major);
struct piece pr_string(struct reader *in, int major);
const char *pr_text(struct reader *in);
int64_t pr_integer(struct reader *in);
uint64_t pr_tag(struct reader *in);
bool pr_null(struct reader *in);
double pr_real(struct reader *in);
struct piece pr_bytes(struct reader *in);
struct piece pr_ref(struct reader *in, const char **file);
void pr_skip(struct reader *in);

/* inbox.c */
struct inbox_entry {
  const char *name;
  struct reader at;
  const char *declared;
};
const char *pr_prefix(void);
const struct inbox_entry *pr_import(const char *name);
const struct inbox_entry *pr_exported(const char *name);

/* read.c, tables.c */
void pr_read(struct reader *in, const struct polyrun_type *type, void *to);
void pr_read_array(struct reader *in, const struct polyrun_type *type, struct polyrun_any_array *to);
void pr_read_table(struct reader *in, const struct polyrun_type *type, void *to);

/* A column of an imported table, by the address of its values. */
struct column {
  const void *values;
  const char *type, *zone;
  size_t rows;
  struct piece valid, data, offsets;
  struct column *next;
};
const struct column *pr_column(const void *values);

/* moments.c */
polyrun_date pr_parse_date(const char *text);
polyrun_time pr_parse_time(const char *text, const char **rest);
polyrun_timestamp pr_parse_timestamp(const char *text);
bool pr_format_date(char *to, polyrun_date date);
bool pr_format_time(char *to, polyrun_time time);
bool pr_format_timestamp(char *to, polyrun_timestamp moment);
enum { MOMENT_SIZE = 160 };

/* out.c: writing. What is wrong with a value is kept in `why`, and everything goes on. */
struct writer {
  unsigned char *data;
  size_t size, room;
  const char *why;
  bool has_files;
};
void pr_fail(struct writer *out, const char *why);
void pr_put_byte(struct writer *out, int byte);
void pr_put_raw(struct writer *out, const void *data, size_t size);
void pr_put_head(struct writer *out, int major, uint64_t number);
void pr_put_int(struct writer *out, int64_t number);
void pr_put_real(struct writer *out, double number);
void pr_put_string(struct writer *out, const char *text, size_t size);
void pr_put_text(struct writer *out, const char *text);
void pr_put_tagged(struct writer *out, int tag, const char *text);
void pr_put_ref(struct writer *out, const char *file, size_t offset, size_t size);
bool pr_is_utf8(const char *text, size_t size);

/* files.c: data files. */
enum { NPY_HEAD = 256, INLINE_BYTES = 64 * 1024, FILE_NAME_SIZE = 256 };
int pr_create(struct writer *out, const char *ending, char *name);
void pr_write_at(struct writer *out, int fd, const void *data, size_t size, size_t offset);
void pr_put_numbers(struct writer *out, const void *data, size_t size);
void pr_put_bytes(struct writer *out, const void *data, size_t size);
void pr_put_file(struct writer *out, polyrun_file file);
void pr_put_again(struct writer *out, struct reader *in);

/* write.c */
void pr_write(struct writer *out, const struct polyrun_type *type, const void *at);
void pr_write_what(struct writer *out, const struct polyrun_what *what, const char *declared);
bool pr_is_number(const struct polyrun_type *type);

/* build.c, columns.c */
struct table_columns;
struct builder {
  polyrun_kind kind;
  bool is_given;
  size_t count;
  struct writer content;
  struct table_columns *columns;
};
void pr_write_columns(struct writer *out, const struct table_columns *columns);
void pr_write_table(struct writer *out, const struct polyrun_type *type, const void *at);

#endif
