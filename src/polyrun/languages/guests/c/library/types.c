/* What describes the types of C. */
#include "internal.h"

#define PLAIN(d, T, kind, name) const struct polyrun_type polyrun_type_##d = {kind, name, sizeof(T), 0, 0, 0};
#define SIGNED(T) (sizeof(T) == 1 ? "int8" : sizeof(T) == 2 ? "int16" : sizeof(T) == 4 ? "int32" : "int64")
#define UNSIGNED(T) (sizeof(T) == 1 ? "uint8" : sizeof(T) == 2 ? "uint16" : sizeof(T) == 4 ? "uint32" : "uint64")
#define AROUND(d, T, kind, item)                                                                                       \
  const struct polyrun_type polyrun_type_##d = {kind, "", sizeof(T), &polyrun_type_##item, 0, 0};

PLAIN(bool, _Bool, POLYRUN_BOOL, "bool")
PLAIN(char, char, POLYRUN_INT, (char)-1 < 0 ? "int8" : "uint8")
PLAIN(schar, signed char, POLYRUN_INT, "int8")
PLAIN(uchar, unsigned char, POLYRUN_INT, "uint8")
PLAIN(short, short, POLYRUN_INT, SIGNED(short))
PLAIN(ushort, unsigned short, POLYRUN_INT, UNSIGNED(short))
PLAIN(int, int, POLYRUN_INT, SIGNED(int))
PLAIN(uint, unsigned, POLYRUN_INT, UNSIGNED(int))
PLAIN(long, long, POLYRUN_INT, SIGNED(long))
PLAIN(ulong, unsigned long, POLYRUN_INT, UNSIGNED(long))
PLAIN(llong, long long, POLYRUN_INT, "int64")
PLAIN(ullong, unsigned long long, POLYRUN_INT, "uint64")
PLAIN(int64, int64_t, POLYRUN_INT, "int64")
PLAIN(float, float, POLYRUN_FLOAT, "float32")
PLAIN(double, double, POLYRUN_FLOAT, "float64")
PLAIN(text, polyrun_text, POLYRUN_TEXT, "str")
PLAIN(null, polyrun_null, POLYRUN_NULL, "null")
PLAIN(bytes, polyrun_bytes, POLYRUN_BYTES, "bytes")
PLAIN(date, polyrun_date, POLYRUN_DATE, "date")
PLAIN(time, polyrun_time, POLYRUN_TIME, "time")
PLAIN(timestamp, polyrun_timestamp, POLYRUN_TIMESTAMP, "timestamp")
PLAIN(duration, polyrun_duration, POLYRUN_DURATION, "duration")
PLAIN(decimal, polyrun_decimal, POLYRUN_DECIMAL, "decimal")
PLAIN(file, polyrun_file, POLYRUN_FILE, "file")
PLAIN(value, polyrun_value, POLYRUN_VALUE, "any")
PLAIN(view, polyrun_view, POLYRUN_VIEW, "view")
PLAIN(builder, void *, POLYRUN_BUILDER, "builder")
PLAIN(days, polyrun_days, POLYRUN_COUNT, "date")
PLAIN(time_us, polyrun_time_us, POLYRUN_COUNT, "time(us)")
PLAIN(time_ns, polyrun_time_ns, POLYRUN_COUNT, "time(ns)")
PLAIN(timestamp_us, polyrun_timestamp_us, POLYRUN_COUNT, "timestamp(us,UTC)")
PLAIN(timestamp_ns, polyrun_timestamp_ns, POLYRUN_COUNT, "timestamp(ns,UTC)")
PLAIN(duration_us, polyrun_duration_us, POLYRUN_COUNT, "duration(us)")
PLAIN(duration_ns, polyrun_duration_ns, POLYRUN_COUNT, "duration(ns)")
AROUND(ints, polyrun_ints, POLYRUN_LIST, int64)
AROUND(floats, polyrun_floats, POLYRUN_LIST, double)
AROUND(bools, polyrun_bools, POLYRUN_LIST, bool)
AROUND(texts, polyrun_texts, POLYRUN_LIST, text)
AROUND(values, polyrun_values, POLYRUN_LIST, value)
AROUND(value_map, polyrun_value_map, POLYRUN_MAP, value)
AROUND(array_bool, polyrun_array_bool, POLYRUN_ARRAY, bool)
AROUND(array_int8, polyrun_array_int8, POLYRUN_ARRAY, schar)
AROUND(array_int16, polyrun_array_int16, POLYRUN_ARRAY, short)
AROUND(array_int32, polyrun_array_int32, POLYRUN_ARRAY, int)
AROUND(array_int64, polyrun_array_int64, POLYRUN_ARRAY, int64)
AROUND(array_uint8, polyrun_array_uint8, POLYRUN_ARRAY, uchar)
AROUND(array_uint16, polyrun_array_uint16, POLYRUN_ARRAY, ushort)
AROUND(array_uint32, polyrun_array_uint32, POLYRUN_ARRAY, uint)
AROUND(array_uint64, polyrun_array_uint64, POLYRUN_ARRAY, ullong)
AROUND(array_float32, polyrun_array_float32, POLYRUN_ARRAY, float)
AROUND(array_float64, polyrun_array_float64, POLYRUN_ARRAY, double)

static char fixed_width_types_are_the_usual_ones
    [sizeof(short) == 2 && sizeof(int) == 4 && sizeof(long long) == 8 && sizeof(double) == 8 ? 1 : -1]
    __attribute__((unused));

const void *polyrun_find_(const polyrun_text *keys, size_t count, const void *values, size_t size, const char *key) {
  for (size_t n = 0; n < count; n++) {
    if (strcmp(keys[n], key) == 0) return (const char *)values + n * size;
  }
  return NULL;
}
