/* From objects of C to a value file, by their type. */
#include "internal.h"

struct any_list {
  const char *data;
  size_t size;
};
struct any_map {
  size_t size;
  const polyrun_text *keys;
  const char *values;
};

#define LOAD(T, name)                                                                                                  \
  T name;                                                                                                              \
  memcpy(&name, at, sizeof name)

bool pr_is_number(const struct polyrun_type *type) {
  return type->kind == POLYRUN_BOOL || type->kind == POLYRUN_INT || type->kind == POLYRUN_FLOAT;
}

static bool is_unsigned(const struct polyrun_type *type) { return type->name[0] == 'u'; }

/* An integer of any size, whose bits are those of a negative number where the type has a sign. */
static uint64_t whole(const struct polyrun_type *type, const void *at) {
  switch (type->size) {
    case 1: {
      LOAD(uint8_t, n);
      return is_unsigned(type) ? n : (uint64_t)(int8_t)n;
    }
    case 2: {
      LOAD(uint16_t, n);
      return is_unsigned(type) ? n : (uint64_t)(int16_t)n;
    }
    case 4: {
      LOAD(uint32_t, n);
      return is_unsigned(type) ? n : (uint64_t)(int32_t)n;
    }
    default: {
      LOAD(uint64_t, n);
      return n;
    }
  }
}

static void write_int(struct writer *out, const struct polyrun_type *type, const void *at) {
  uint64_t number = whole(type, at);
  if (!is_unsigned(type) || number <= INT64_MAX) return pr_put_int(out, (int64_t)number);
  char text[24];
  snprintf(text, sizeof text, "%llu", (unsigned long long)number);
  pr_put_tagged(out, TAG_BIG_INT, text);
}

static double real(const struct polyrun_type *type, const void *at) {
  if (type->size == sizeof(float)) {
    LOAD(float, n);
    return (double)n;
  }
  LOAD(double, n);
  return n;
}

/* Numbers as a packed list; false when one of them has more than 63 bits. */
static bool write_packed(struct writer *out, const struct polyrun_type *item, const char *data, size_t count) {
  bool are_whole = item->kind == POLYRUN_INT;
  int64_t *made = NULL;
  if (item->size != 8 || (are_whole && is_unsigned(item))) {
    made = malloc(count * 8 + 1);
    if (made == NULL) return pr_fail(out, "there is no memory for it"), true;
    for (size_t n = 0; n < count; n++) {
      const char *at = data + n * item->size;
      double number = are_whole ? 0 : real(item, at);
      if (are_whole) made[n] = (int64_t)whole(item, at);
      else memcpy(&made[n], &number, sizeof number);
      if (are_whole && is_unsigned(item) && made[n] < 0) return free(made), false;
    }
    data = (const char *)made;
  }
  pr_put_head(out, 6, TAG_PACKED);
  pr_put_head(out, 4, 2);
  pr_put_text(out, are_whole ? "int64" : "float64");
  if (count * 8 <= INLINE_BYTES) pr_put_bytes(out, data, count * 8);
  else pr_put_numbers(out, data, count * 8);
  free(made);
  return true;
}

static void write_list(struct writer *out, const struct polyrun_type *item, const char *data, size_t count) {
  if ((item->kind == POLYRUN_INT || item->kind == POLYRUN_FLOAT) && write_packed(out, item, data, count)) return;
  pr_put_head(out, 4, count);
  for (size_t n = 0; n < count; n++) pr_write(out, item, data + n * item->size);
}

static void write_array(struct writer *out, const char *dtype, size_t each, const struct polyrun_any_array *array) {
  pr_put_head(out, 6, TAG_ARRAY);
  pr_put_head(out, 4, 4);
  pr_put_text(out, dtype);
  if (array->ndim > 8) pr_fail(out, "an array has 8 dimensions at most");
  pr_put_head(out, 4, array->ndim);
  size_t size = each;
  for (size_t n = 0; n < array->ndim && n < 8; n++) {
    pr_put_head(out, 0, array->shape[n]);
    if (__builtin_mul_overflow(size, array->shape[n], &size))
      return pr_fail(out, "it is an array larger than any memory");
  }
  pr_put_string(out, array->order == 'F' ? "F" : "C", 1);
  pr_put_numbers(out, array->data, size);
}

static size_t size_of_dtype(const char *dtype) {
  return strstr(dtype, "64") ? 8 : strstr(dtype, "32") ? 4 : strstr(dtype, "16") ? 2 : 1;
}

static void write_map(struct writer *out, const struct polyrun_type *item, struct any_map map) {
  pr_put_head(out, 5, map.size);
  for (size_t n = 0; n < map.size; n++) {
    pr_put_text(out, map.keys[n]);
    pr_write(out, item, map.values + n * item->size);
  }
}

static void write_record(struct writer *out, const struct polyrun_type *type, const char *at) {
  pr_put_head(out, 5, type->count);
  for (size_t n = 0; n < type->count; n++) {
    pr_put_text(out, type->fields[n].name);
    pr_write(out, type->fields[n].type, at + type->fields[n].offset);
  }
}

static void write_moment(struct writer *out, int tag, const char *text, bool good) {
  if (!good) return pr_fail(out, "it is a date or time that no calendar or clock has");
  pr_put_tagged(out, tag, text);
}

static void write_duration(struct writer *out, polyrun_duration duration) {
  if (duration.nanoseconds < 0 || duration.nanoseconds > 999999999)
    pr_fail(out, "the nanoseconds of a duration are 0 to 999999999");
  pr_put_head(out, 6, TAG_DURATION);
  pr_put_head(out, 4, 2);
  pr_put_int(out, duration.seconds);
  pr_put_int(out, duration.nanoseconds);
}

/* One value of a column of dates or times. */
static void write_count(struct writer *out, const struct polyrun_type *type, const void *at) {
  char text[MOMENT_SIZE];
  if (type == &polyrun_type_days) {
    LOAD(polyrun_days, days);
    return write_moment(out, TAG_DATE, text, pr_format_date(text, polyrun_to_date(days)));
  }
  LOAD(int64_t, count);
  int64_t unit = strstr(type->name, "ns") ? 1000000000 : 1000000, seconds = count / unit, rest = count % unit;
  if (rest < 0) seconds--, rest += unit;
  int nanoseconds = (int)(rest * (1000000000 / unit));
  if (type->name[0] == 'd') return write_duration(out, (polyrun_duration){seconds, nanoseconds});
  polyrun_timestamp moment = polyrun_to_timestamp(seconds, nanoseconds);
  if (strncmp(type->name, "timestamp", 9) == 0)
    return write_moment(out, TAG_TIMESTAMP, text, pr_format_timestamp(text, moment));
  polyrun_time time = {moment.hour, moment.minute, moment.second, moment.nanosecond};
  write_moment(out, TAG_TIME, text, seconds >= 0 && seconds < 86400 && pr_format_time(text, time));
}

static void write_value(struct writer *out, const polyrun_value *value) {
  switch (value->kind) {
    case POLYRUN_NULL: pr_put_byte(out, 0xf6); return;
    case POLYRUN_BOOL: pr_write(out, &polyrun_type_bool, &value->boolean); return;
    case POLYRUN_INT: pr_put_int(out, value->integer); return;
    case POLYRUN_FLOAT: pr_put_real(out, value->real); return;
    case POLYRUN_TEXT: pr_write(out, &polyrun_type_text, &value->text); return;
    case POLYRUN_BYTES: pr_write(out, &polyrun_type_bytes, &value->bytes); return;
    case POLYRUN_DATE: pr_write(out, &polyrun_type_date, &value->date); return;
    case POLYRUN_TIME: pr_write(out, &polyrun_type_time, &value->time); return;
    case POLYRUN_TIMESTAMP: pr_write(out, &polyrun_type_timestamp, &value->timestamp); return;
    case POLYRUN_DURATION: write_duration(out, value->duration); return;
    case POLYRUN_DECIMAL: pr_write(out, &polyrun_type_decimal, &value->decimal); return;
    case POLYRUN_FILE: pr_put_file(out, value->file); return;
    case POLYRUN_LIST: pr_write(out, &polyrun_type_values, &value->list); return;
    case POLYRUN_MAP: pr_write(out, &polyrun_type_value_map, &value->map); return;
    case POLYRUN_ARRAY: write_array(out, value->array.dtype, size_of_dtype(value->array.dtype), &value->array); return;
    default: pr_fail(out, "it holds a value of no kind that there is");
  }
}

static void write_view(struct writer *out, const polyrun_view *view, const char *declared) {
  bool is_array = strcmp(declared, "array") == 0;
  if (view->form == 'b') return pr_put_bytes(out, view->data, view->shape[0]);
  if (view->form == 't') {
    if (strcmp(declared, "bytes") == 0) return pr_put_bytes(out, view->data, view->shape[0]);
    return pr_put_string(out, view->data, view->shape[0]);
  }
  if (view->form != 'l' || (is_array && pr_is_number(view->item))) {
    if (!pr_is_number(view->item)) return pr_fail(out, "an array holds numbers only");
    struct polyrun_any_array array = {
        .data = (void *)view->data, .ndim = view->ndim, .order = view->form == 'F' ? 'F' : 'C'};
    memcpy(array.shape, view->shape, sizeof array.shape);
    return write_array(out, view->item->name, view->item->size, &array);
  }
  if (view->ndim == 1 && view->item == &polyrun_type_uchar && strcmp(declared, "list") != 0) {
    return pr_put_bytes(out, view->data, view->shape[0]);
  }
  if (view->ndim == 1) return write_list(out, view->item, view->data, view->shape[0]);
  pr_put_head(out, 4, view->shape[0]);
  for (size_t n = 0; n < view->shape[0]; n++) {
    const char *row = (const char *)view->data + n * view->shape[1] * view->item->size;
    if (view->item == &polyrun_type_char) pr_put_string(out, row, strnlen(row, view->shape[1]));
    else write_list(out, view->item, row, view->shape[1]);
  }
}

static void write_builder(struct writer *out, struct builder *builder) {
  if (builder == NULL) return pr_put_byte(out, 0xf6);
  if (builder->content.why != NULL) pr_fail(out, builder->content.why);
  if (builder->kind == POLYRUN_TABLE) return pr_write_columns(out, builder->columns);
  pr_put_head(out, builder->kind == POLYRUN_MAP ? 5 : 4, builder->count);
  out->has_files |= builder->content.has_files;
  if (builder->is_given && builder->content.has_files) {
    struct reader in = {builder->content.data, builder->content.data + builder->content.size};
    while (in.at < in.end) pr_put_again(out, &in);
  } else {
    pr_put_raw(out, builder->content.data, builder->content.size);
  }
  builder->is_given = true;
}

void pr_write(struct writer *out, const struct polyrun_type *type, const void *at) {
  char text[MOMENT_SIZE];
  switch (type->kind) {
    case POLYRUN_NULL: {
      LOAD(void *, pointer);
      if (pointer != NULL) pr_fail(out, "it is a pointer to something whose type is not known");
      pr_put_byte(out, 0xf6);
      return;
    }
    case POLYRUN_BOOL: {
      LOAD(bool, is_so);
      pr_put_byte(out, is_so ? 0xf5 : 0xf4);
      return;
    }
    case POLYRUN_INT: write_int(out, type, at); return;
    case POLYRUN_FLOAT: pr_put_real(out, real(type, at)); return;
    case POLYRUN_TEXT: {
      LOAD(const char *, string);
      if (string == NULL) pr_put_byte(out, 0xf6);
      else pr_put_text(out, string);
      return;
    }
    case POLYRUN_BYTES: {
      LOAD(polyrun_bytes, bytes);
      pr_put_bytes(out, bytes.data, bytes.size);
      return;
    }
    case POLYRUN_DATE: {
      LOAD(polyrun_date, date);
      write_moment(out, TAG_DATE, text, pr_format_date(text, date));
      return;
    }
    case POLYRUN_TIME: {
      LOAD(polyrun_time, time);
      write_moment(out, TAG_TIME, text, pr_format_time(text, time));
      return;
    }
    case POLYRUN_TIMESTAMP: {
      LOAD(polyrun_timestamp, moment);
      write_moment(out, TAG_TIMESTAMP, text, pr_format_timestamp(text, moment));
      return;
    }
    case POLYRUN_DURATION: {
      LOAD(polyrun_duration, duration);
      write_duration(out, duration);
      return;
    }
    case POLYRUN_DECIMAL: {
      LOAD(polyrun_decimal, decimal);
      if (decimal.text == NULL) pr_fail(out, "it is a decimal without a text");
      else pr_put_tagged(out, TAG_DECIMAL, decimal.text);
      return;
    }
    case POLYRUN_FILE: {
      LOAD(polyrun_file, file);
      pr_put_file(out, file);
      return;
    }
    case POLYRUN_VALUE: write_value(out, at); return;
    case POLYRUN_LIST: {
      LOAD(struct any_list, list);
      write_list(out, type->item, list.data, list.size);
      return;
    }
    case POLYRUN_MAP: {
      LOAD(struct any_map, map);
      write_map(out, type->item, map);
      return;
    }
    case POLYRUN_RECORD: write_record(out, type, at); return;
    case POLYRUN_ARRAY: write_array(out, type->item->name, type->item->size, at); return;
    case POLYRUN_TABLE: pr_write_table(out, type, at); return;
    case POLYRUN_OPTIONAL: {
      LOAD(const void *, item);
      if (item == NULL) pr_put_byte(out, 0xf6);
      else pr_write(out, type->item, item);
      return;
    }
    case POLYRUN_COUNT: write_count(out, type, at); return;
    case POLYRUN_VIEW: write_view(out, at, ""); return;
    case POLYRUN_BUILDER: {
      LOAD(struct builder *, builder);
      write_builder(out, builder);
      return;
    }
  }
}

/* What a macro has gathered, as the declared type asks for it where C has one thing for two types. */
void pr_write_what(struct writer *out, const struct polyrun_what *what, const char *declared) {
  char kind[16] = "";
  for (size_t n = 0; n < sizeof kind - 1 && declared[n] >= 'a' && declared[n] <= 'z'; n++) kind[n] = declared[n];
  const struct polyrun_type *type = what->type;
  const void *at = what->decayed ? *(void *const *)what->at : what->at;
  polyrun_view view = {.item = type, .data = at, .ndim = 1, .form = 'l'};
  if (what->sort == 1 && type->kind == POLYRUN_TEXT) {
    const char *text = what->is_array ? at : *(const char *const *)at;
    size_t size = text == NULL ? 0 : what->is_array ? strnlen(text, what->size) : strlen(text);
    if (text == NULL) return pr_put_byte(out, 0xf6);
    if (strcmp(kind, "file") == 0) return pr_put_file(out, (polyrun_file){text, NULL, NULL});
    view = (polyrun_view){.data = text, .ndim = 1, .shape = {size}, .form = 't'};
  } else if (what->sort == 1 && type->kind == POLYRUN_VIEW) {
    view = *(const polyrun_view *)at;
  } else if (what->sort == 1 && type->kind == POLYRUN_LIST) {
    const struct any_list *list = at;
    view = (polyrun_view){.item = type->item, .data = list->data, .ndim = 1, .shape = {list->size}, .form = 'l'};
  } else if (what->sort == 1) {
    return pr_write(out, type, at);
  } else if (what->sort == 2) {
    view.shape[0] = what->size / type->size;
  } else {
    view.ndim = 2;
    view.shape[0] = what->size / what->row;
    view.shape[1] = what->row / type->size;
  }
  write_view(out, &view, kind);
}
