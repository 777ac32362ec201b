/* From a value file to objects of C, by their type. */
#include "internal.h"

/* Lists, bytes and texts of types.h all lie in memory like this, and so do maps. */
struct any_list {
  const void *data;
  size_t size;
};
struct any_map {
  size_t size;
  polyrun_text const *keys;
  const void *values;
};

static void read_value(struct reader *in, polyrun_value *to);

/* A number of a packed list. */
static void store(const struct polyrun_type *type, void *to, bool is_whole, const void *from) {
  int64_t whole = 0;
  double real = 0;
  memcpy(is_whole ? (void *)&whole : (void *)&real, from, 8);
  switch (type->kind) {
    case POLYRUN_INT:
      if (!is_whole) pr_die("a float stands in a list of ints");
      memcpy(to, &whole, sizeof whole);
      return;
    case POLYRUN_FLOAT:
      if (is_whole) real = (double)whole;
      if (is_whole && (real >= 0x1p63 || (int64_t)real != whole))
        pr_die("%lld stands among floats, and no float is exactly that", (long long)whole);
      memcpy(to, &real, sizeof real);
      return;
    case POLYRUN_VALUE:
      *(polyrun_value *)to =
          is_whole ? (polyrun_value){POLYRUN_INT, {.integer = whole}} : (polyrun_value){POLYRUN_FLOAT, {.real = real}};
      return;
    case POLYRUN_OPTIONAL: {
      void *item = pr_room(type->item->size);
      store(type->item, item, is_whole, from);
      memcpy(to, &item, sizeof item);
      return;
    }
    default: pr_die("a list of numbers came where a list of something else belongs");
  }
}

static struct any_list read_packed(struct reader *in, const struct polyrun_type *item) {
  pr_size(in, 4);
  struct piece dtype = pr_string(in, 3);
  bool is_whole = dtype.data[0] == 'i', is_inline = pr_peek(in) >> 5 == 2;
  struct piece data = pr_bytes(in);
  size_t count = data.size / 8;
  bool is_same = item->kind == (is_whole ? POLYRUN_INT : POLYRUN_FLOAT);
  if (is_same && !is_inline) return (struct any_list){data.data, count};
  char *all = pr_room(count * item->size);
  if (is_same) {
    memcpy(all, data.data, data.size);
  } else {
    for (size_t n = 0; n < count; n++) store(item, all + n * item->size, is_whole, data.data + n * 8);
  }
  return (struct any_list){all, count};
}

static struct any_list read_list(struct reader *in, const struct polyrun_type *item) {
  if (pr_peek(in) >> 5 == 6) {
    if (pr_tag(in) != TAG_PACKED) pr_die("the value file has something else where a list belongs");
    return read_packed(in, item);
  }
  size_t count = pr_size(in, 4);
  char *all = pr_room(count * item->size);
  for (size_t n = 0; n < count; n++) pr_read(in, item, all + n * item->size);
  return (struct any_list){all, count};
}

static struct any_map read_map(struct reader *in, const struct polyrun_type *item) {
  size_t count = pr_size(in, 5);
  polyrun_text *keys = pr_room(count * sizeof *keys);
  char *all = pr_room(count * item->size);
  for (size_t n = 0; n < count; n++) {
    keys[n] = pr_text(in);
    pr_read(in, item, all + n * item->size);
  }
  return (struct any_map){count, keys, all};
}

static void read_record(struct reader *in, const struct polyrun_type *type, char *to) {
  size_t next = 0;
  for (uint64_t left = pr_size(in, 5); left > 0; left--) {
    struct piece key = pr_string(in, 3);
    const struct polyrun_field *field = NULL;
    for (size_t n = 0; n < type->count && field == NULL; n++, next++) {
      const struct polyrun_field *one = &type->fields[next % type->count];
      if (strlen(one->name) == key.size && memcmp(one->name, key.data, key.size) == 0) field = one;
    }
    if (field == NULL) pr_die("a map has the key %.*s, which its type has not", (int)key.size, (const char *)key.data);
    pr_read(in, field->type, to + field->offset);
  }
}

void pr_read_array(struct reader *in, const struct polyrun_type *type, struct polyrun_any_array *to) {
  pr_size(in, 4);
  const char *dtype = pr_text(in);
  if (type != NULL && strcmp(dtype, type->item->name) != 0)
    pr_die("an array of %s came where one of %s belongs", dtype, type->item->name);
  size_t ndim = pr_size(in, 4), size = 1, shape[8] = {0};
  if (ndim > 8) pr_die("an array has more than 8 dimensions");
  for (size_t n = 0; n < ndim; n++) size *= shape[n] = (size_t)pr_integer(in);
  char order = (char)pr_string(in, 3).data[0];
  struct piece data = pr_bytes(in);
  to->data = (void *)data.data;
  to->size = size;
  to->ndim = ndim;
  memcpy(to->shape, shape, sizeof shape);
  to->order = order;
  if (type == NULL) to->dtype = dtype;
}

static const char *read_tagged(struct reader *in, uint64_t tag, const char *what) {
  if (pr_tag(in) != tag) pr_die("the value file has something else where %s belongs", what);
  return pr_text(in);
}

static polyrun_duration read_duration(struct reader *in) {
  pr_size(in, 4);
  int64_t seconds = pr_integer(in);
  return (polyrun_duration){seconds, (int32_t)pr_integer(in)};
}

static polyrun_file read_file(struct reader *in) {
  pr_size(in, 4);
  polyrun_file file;
  file.name = pr_text(in);
  file.media = pr_text(in);
  const char *stored;
  if (pr_tag(in) != TAG_REF) pr_die("the value file has something else where a file belongs");
  pr_ref(in, &stored);
  const char *folder = pr_folder("POLYRUN_IN");
  char *path = pr_room(strlen(folder) + strlen(stored) + 2);
  sprintf(path, "%s/%s", folder, stored);
  file.path = path;
  return file;
}

static void read_tagged_value(struct reader *in, polyrun_value *to) {
  struct reader start = *in;
  switch (pr_tag(in)) {
    case TAG_DATE:
      to->kind = POLYRUN_DATE;
      to->date = pr_parse_date(pr_text(in));
      return;
    case TAG_TIME: {
      const char *rest;
      to->kind = POLYRUN_TIME;
      to->time = pr_parse_time(pr_text(in), &rest);
      return;
    }
    case TAG_TIMESTAMP:
      to->kind = POLYRUN_TIMESTAMP;
      to->timestamp = pr_parse_timestamp(pr_text(in));
      return;
    case TAG_DURATION:
      to->kind = POLYRUN_DURATION;
      to->duration = read_duration(in);
      return;
    case TAG_DECIMAL:
      to->kind = POLYRUN_DECIMAL;
      to->decimal.text = pr_text(in);
      return;
    case TAG_FILE:
      to->kind = POLYRUN_FILE;
      to->file = read_file(in);
      return;
    case TAG_ARRAY:
      to->kind = POLYRUN_ARRAY;
      pr_read_array(in, NULL, &to->array);
      return;
    case TAG_PACKED: {
      struct any_list list = read_packed(in, &polyrun_type_value);
      to->kind = POLYRUN_LIST;
      to->list = (polyrun_values){list.data, list.size};
      return;
    }
    case TAG_REF: {
      *in = start;
      struct piece data = pr_bytes(in);
      to->kind = POLYRUN_BYTES;
      to->bytes = (polyrun_bytes){data.data, data.size};
      return;
    }
    default: pr_die("a table stands among values of other types, and C has no type for that");
  }
}

static void read_value(struct reader *in, polyrun_value *to) {
  switch (pr_peek(in) >> 5) {
    case 0:
    case 1:
      to->kind = POLYRUN_INT;
      to->integer = pr_integer(in);
      return;
    case 2: {
      struct piece data = pr_bytes(in);
      to->kind = POLYRUN_BYTES;
      to->bytes = (polyrun_bytes){data.data, data.size};
      return;
    }
    case 3:
      to->kind = POLYRUN_TEXT;
      to->text = pr_text(in);
      return;
    case 4: {
      struct any_list list = read_list(in, &polyrun_type_value);
      to->kind = POLYRUN_LIST;
      to->list = (polyrun_values){list.data, list.size};
      return;
    }
    case 5: {
      struct any_map map = read_map(in, &polyrun_type_value);
      to->kind = POLYRUN_MAP;
      to->map = (polyrun_value_map){map.size, map.keys, map.values};
      return;
    }
    case 6: read_tagged_value(in, to); return;
    default:
      if (pr_null(in)) {
        to->kind = POLYRUN_NULL;
        return;
      }
      if (pr_peek(in) == 0xfb) {
        to->kind = POLYRUN_FLOAT;
        to->real = pr_real(in);
        return;
      }
      to->kind = POLYRUN_BOOL;
      pr_read(in, &polyrun_type_bool, &to->boolean);
  }
}

#define STORE(T, ...)                                                                                                  \
  do {                                                                                                                 \
    T value_ = __VA_ARGS__;                                                                                            \
    memcpy(to, &value_, sizeof value_);                                                                                \
    return;                                                                                                            \
  } while (0)

void pr_read(struct reader *in, const struct polyrun_type *type, void *to) {
  const char *rest;
  switch (type->kind) {
    case POLYRUN_NULL:
      if (!pr_null(in)) pr_die("the value file has something else where null belongs");
      STORE(void *, NULL);
    case POLYRUN_BOOL: {
      int major;
      uint64_t number = pr_head(in, &major);
      if (major != 7 || (number != 20 && number != 21))
        pr_die("the value file has something else where a bool belongs");
      STORE(bool, number == 21);
    }
    case POLYRUN_INT: STORE(int64_t, pr_integer(in));
    case POLYRUN_FLOAT: STORE(double, pr_real(in));
    case POLYRUN_TEXT: STORE(const char *, pr_null(in) ? NULL : pr_text(in));
    case POLYRUN_BYTES: {
      struct piece data = pr_bytes(in);
      STORE(polyrun_bytes, {data.data, data.size});
    }
    case POLYRUN_DATE: STORE(polyrun_date, pr_parse_date(read_tagged(in, TAG_DATE, "a date")));
    case POLYRUN_TIME: STORE(polyrun_time, pr_parse_time(read_tagged(in, TAG_TIME, "a time"), &rest));
    case POLYRUN_TIMESTAMP: STORE(polyrun_timestamp, pr_parse_timestamp(read_tagged(in, TAG_TIMESTAMP, "a timestamp")));
    case POLYRUN_DECIMAL: STORE(polyrun_decimal, {read_tagged(in, TAG_DECIMAL, "a decimal")});
    case POLYRUN_DURATION:
      if (pr_tag(in) != TAG_DURATION) pr_die("the value file has something else where a duration belongs");
      STORE(polyrun_duration, read_duration(in));
    case POLYRUN_FILE:
      if (pr_tag(in) != TAG_FILE) pr_die("the value file has something else where a file belongs");
      STORE(polyrun_file, read_file(in));
    case POLYRUN_VALUE: read_value(in, to); return;
    case POLYRUN_LIST: STORE(struct any_list, read_list(in, type->item));
    case POLYRUN_MAP: STORE(struct any_map, read_map(in, type->item));
    case POLYRUN_RECORD: read_record(in, type, to); return;
    case POLYRUN_ARRAY:
      if (pr_tag(in) != TAG_ARRAY) pr_die("the value file has something else where an array belongs");
      pr_read_array(in, type, to);
      return;
    case POLYRUN_TABLE:
      if (pr_tag(in) != TAG_TABLE) pr_die("the value file has something else where a table belongs");
      pr_read_table(in, type, to);
      return;
    case POLYRUN_OPTIONAL: {
      if (pr_null(in)) STORE(void *, NULL);
      void *item = pr_room(type->item->size);
      pr_read(in, type->item, item);
      STORE(void *, item);
    }
    default: pr_die("a value cannot be imported as what C says it is");
  }
}
