/* Types of C as data, so that one function reads or writes values of all of them. */
#ifndef POLYRUN_DESCRIBE_H
#define POLYRUN_DESCRIBE_H
#include "types.h"

/* `name` is how value files call a type of numbers or of a column, `size` are the bytes of one object, `item` is what
   a list, map, array or pointer is made of, `fields` (as many as `count`) are those of a record or the columns of a
   table. */
struct polyrun_type {
  polyrun_kind kind;
  const char *name;
  size_t size;
  const struct polyrun_type *item;
  const struct polyrun_field *fields;
  size_t count;
};

struct polyrun_field {
  const char *name;
  size_t offset;
  const struct polyrun_type *type;
};

/* Every described type: what C calls it, and what it is called here. */
#define POLYRUN_NUMBERS(V) \
  V(_Bool, bool) V(signed char, schar) V(unsigned char, uchar) V(short, short) V(unsigned short, ushort) V(int, int) \
  V(unsigned, uint) V(long, long) V(unsigned long, ulong) V(long long, llong) V(unsigned long long, ullong) \
  V(float, float) V(double, double)
#define POLYRUN_STRUCTS(V) \
  V(polyrun_bytes, bytes) V(polyrun_date, date) V(polyrun_time, time) V(polyrun_timestamp, timestamp) \
  V(polyrun_duration, duration) V(polyrun_decimal, decimal) V(polyrun_file, file) V(polyrun_value, value) \
  V(polyrun_ints, ints) V(polyrun_floats, floats) V(polyrun_bools, bools) V(polyrun_texts, texts) \
  V(polyrun_values, values) V(polyrun_value_map, value_map) V(polyrun_view, view) \
  V(polyrun_days, days) V(polyrun_time_us, time_us) V(polyrun_time_ns, time_ns) V(polyrun_timestamp_us, timestamp_us) \
  V(polyrun_timestamp_ns, timestamp_ns) V(polyrun_duration_us, duration_us) V(polyrun_duration_ns, duration_ns) \
  V(polyrun_array_bool, array_bool) V(polyrun_array_int8, array_int8) V(polyrun_array_int16, array_int16) \
  V(polyrun_array_int32, array_int32) V(polyrun_array_int64, array_int64) V(polyrun_array_uint8, array_uint8) \
  V(polyrun_array_uint16, array_uint16) V(polyrun_array_uint32, array_uint32) V(polyrun_array_uint64, array_uint64) \
  V(polyrun_array_float32, array_float32) V(polyrun_array_float64, array_float64)
#define POLYRUN_BUILDERS(V) V(polyrun_map *, builder) V(polyrun_list *, builder) V(polyrun_table *, builder)

#define POLYRUN_DECLARE_TYPE(T, d) extern const struct polyrun_type polyrun_type_##d;
POLYRUN_NUMBERS(POLYRUN_DECLARE_TYPE)
POLYRUN_STRUCTS(POLYRUN_DECLARE_TYPE)
POLYRUN_DECLARE_TYPE(char, char)
POLYRUN_DECLARE_TYPE(polyrun_text, text)
POLYRUN_DECLARE_TYPE(polyrun_null, null)
POLYRUN_DECLARE_TYPE(polyrun_map *, builder)
POLYRUN_DECLARE_TYPE(int64_t, int64)

/* What describes a type that is written in the generated header, where it is one word or `polyrun_optional(word)`. */
#define POLYRUN_DESCRIBE(T) polyrun_describe_##T
#define polyrun_describe_polyrun_optional(T) \
  &(const struct polyrun_type){POLYRUN_OPTIONAL, "optional", sizeof(void *), polyrun_describe_##T, 0, 0}
#define polyrun_describe_bool &polyrun_type_bool
#define polyrun_describe__Bool &polyrun_type_bool
#define polyrun_describe_int8_t &polyrun_type_schar
#define polyrun_describe_int16_t &polyrun_type_short
#define polyrun_describe_int32_t &polyrun_type_int
#define polyrun_describe_int64_t &polyrun_type_int64
#define polyrun_describe_uint8_t &polyrun_type_uchar
#define polyrun_describe_uint16_t &polyrun_type_ushort
#define polyrun_describe_uint32_t &polyrun_type_uint
#define polyrun_describe_uint64_t &polyrun_type_ullong
#define polyrun_describe_float &polyrun_type_float
#define polyrun_describe_double &polyrun_type_double
#define polyrun_describe_polyrun_text &polyrun_type_text
#define polyrun_describe_polyrun_null &polyrun_type_null
#define polyrun_describe_polyrun_bytes &polyrun_type_bytes
#define polyrun_describe_polyrun_date &polyrun_type_date
#define polyrun_describe_polyrun_time &polyrun_type_time
#define polyrun_describe_polyrun_timestamp &polyrun_type_timestamp
#define polyrun_describe_polyrun_duration &polyrun_type_duration
#define polyrun_describe_polyrun_decimal &polyrun_type_decimal
#define polyrun_describe_polyrun_file &polyrun_type_file
#define polyrun_describe_polyrun_value &polyrun_type_value
#define polyrun_describe_polyrun_ints &polyrun_type_ints
#define polyrun_describe_polyrun_floats &polyrun_type_floats
#define polyrun_describe_polyrun_bools &polyrun_type_bools
#define polyrun_describe_polyrun_texts &polyrun_type_texts
#define polyrun_describe_polyrun_values &polyrun_type_values
#define polyrun_describe_polyrun_value_map &polyrun_type_value_map
#define polyrun_describe_polyrun_days &polyrun_type_days
#define polyrun_describe_polyrun_time_us &polyrun_type_time_us
#define polyrun_describe_polyrun_time_ns &polyrun_type_time_ns
#define polyrun_describe_polyrun_timestamp_us &polyrun_type_timestamp_us
#define polyrun_describe_polyrun_timestamp_ns &polyrun_type_timestamp_ns
#define polyrun_describe_polyrun_duration_us &polyrun_type_duration_us
#define polyrun_describe_polyrun_duration_ns &polyrun_type_duration_ns
#define polyrun_describe_polyrun_array_bool &polyrun_type_array_bool
#define polyrun_describe_polyrun_array_int8 &polyrun_type_array_int8
#define polyrun_describe_polyrun_array_int16 &polyrun_type_array_int16
#define polyrun_describe_polyrun_array_int32 &polyrun_type_array_int32
#define polyrun_describe_polyrun_array_int64 &polyrun_type_array_int64
#define polyrun_describe_polyrun_array_uint8 &polyrun_type_array_uint8
#define polyrun_describe_polyrun_array_uint16 &polyrun_type_array_uint16
#define polyrun_describe_polyrun_array_uint32 &polyrun_type_array_uint32
#define polyrun_describe_polyrun_array_uint64 &polyrun_type_array_uint64
#define polyrun_describe_polyrun_array_float32 &polyrun_type_array_float32
#define polyrun_describe_polyrun_array_float64 &polyrun_type_array_float64

/* Types that are made for imported values. */
#define POLYRUN_MAKE(T, kind, item, fields, count) \
  __attribute__((unused)) static const struct polyrun_type polyrun_type_##T = { \
      kind, "", sizeof(T), item, fields, count};
#define POLYRUN_MAKE_LIST(T, item) \
  POLYRUN_LIST_TYPE(T, item) POLYRUN_MAKE(T, POLYRUN_LIST, polyrun_describe_##item, 0, 0)
#define POLYRUN_MAKE_MAP(T, item) \
  POLYRUN_MAP_TYPE(T, item) POLYRUN_MAKE(T, POLYRUN_MAP, polyrun_describe_##item, 0, 0)
#define POLYRUN_MAKE_FIELDS(T, kind) \
  POLYRUN_MAKE(T, kind, 0, polyrun_fields_##T, sizeof polyrun_fields_##T / sizeof *polyrun_fields_##T - 1)

#endif
