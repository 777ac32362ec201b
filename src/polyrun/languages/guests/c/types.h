/* The types of imported values, where C has none. */
#ifndef POLYRUN_TYPES_H
#define POLYRUN_TYPES_H

/* What <stdint.h> says, without including it: a program may define _GNU_SOURCE and its kin before its first header. */
typedef __INT8_TYPE__ int8_t;
typedef __INT16_TYPE__ int16_t;
typedef __INT32_TYPE__ int32_t;
typedef __INT64_TYPE__ int64_t;
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;
typedef __SIZE_TYPE__ size_t;

/* A text ends with a NUL and is UTF-8; a text that may be missing is NULL then. Null itself is NULL too. */
typedef const char *polyrun_text;
typedef void *polyrun_null;

/* Whatever else may be missing is a pointer, which is NULL then. */
#define polyrun_optional(T) T const *

#define POLYRUN_LIST_TYPE(name, T) typedef struct { T const *data; size_t size; } name;
#define POLYRUN_MAP_TYPE(name, T) typedef struct { size_t size; polyrun_text const *keys; T const *values; } name;
/* The numbers lie one after another, with the last index the fastest if `order` is 'C', and the first if it is 'F'. */
#define POLYRUN_ARRAY_TYPE(name, T) typedef struct { T *data; size_t size, ndim, shape[8]; char order; } name;

POLYRUN_LIST_TYPE(polyrun_bytes, unsigned char)
POLYRUN_LIST_TYPE(polyrun_ints, int64_t)
POLYRUN_LIST_TYPE(polyrun_floats, double)
POLYRUN_LIST_TYPE(polyrun_bools, _Bool)
POLYRUN_LIST_TYPE(polyrun_texts, polyrun_text)

POLYRUN_ARRAY_TYPE(polyrun_array_bool, _Bool)
POLYRUN_ARRAY_TYPE(polyrun_array_int8, int8_t)
POLYRUN_ARRAY_TYPE(polyrun_array_int16, int16_t)
POLYRUN_ARRAY_TYPE(polyrun_array_int32, int32_t)
POLYRUN_ARRAY_TYPE(polyrun_array_int64, int64_t)
POLYRUN_ARRAY_TYPE(polyrun_array_uint8, uint8_t)
POLYRUN_ARRAY_TYPE(polyrun_array_uint16, uint16_t)
POLYRUN_ARRAY_TYPE(polyrun_array_uint32, uint32_t)
POLYRUN_ARRAY_TYPE(polyrun_array_uint64, uint64_t)
POLYRUN_ARRAY_TYPE(polyrun_array_float32, float)
POLYRUN_ARRAY_TYPE(polyrun_array_float64, double)

typedef struct { int year, month, day; } polyrun_date;
typedef struct { int hour, minute, second, nanosecond; } polyrun_time;

/* `offset` counts minutes east of UTC; without `has_offset` nobody knows them. `zone` is a name or NULL. */
typedef struct {
  int year, month, day, hour, minute, second, nanosecond;
  _Bool has_offset;
  int offset;
  const char *zone;
} polyrun_timestamp;

/* `nanoseconds` are 0 to 999999999, to be added, also where `seconds` is negative. */
typedef struct { int64_t seconds; int32_t nanoseconds; } polyrun_duration;

/* A decimal number as it is written: "-1.50". */
typedef struct { const char *text; } polyrun_decimal;

/* Of a file that is exported only `path` must be set. */
typedef struct { const char *path, *name, *media; } polyrun_file;

/* Columns of tables hold dates and times as numbers. */
typedef struct { int32_t days; } polyrun_days;
typedef struct { int64_t us; } polyrun_time_us;
typedef struct { int64_t ns; } polyrun_time_ns;
typedef struct { int64_t us; } polyrun_timestamp_us;
typedef struct { int64_t ns; } polyrun_timestamp_ns;
typedef struct { int64_t us; } polyrun_duration_us;
typedef struct { int64_t ns; } polyrun_duration_ns;

/* What a value is. The last ones are only in what describes the types of C. */
typedef enum {
  POLYRUN_NULL, POLYRUN_BOOL, POLYRUN_INT, POLYRUN_FLOAT, POLYRUN_TEXT, POLYRUN_BYTES, POLYRUN_DATE, POLYRUN_TIME,
  POLYRUN_TIMESTAMP, POLYRUN_DURATION, POLYRUN_DECIMAL, POLYRUN_FILE, POLYRUN_LIST, POLYRUN_MAP,
  POLYRUN_ARRAY, POLYRUN_TABLE, POLYRUN_VALUE, POLYRUN_RECORD, POLYRUN_OPTIONAL, POLYRUN_COUNT,
  POLYRUN_VIEW, POLYRUN_BUILDER,
} polyrun_kind;

/* Any value: what a list of different things holds. `kind` tells which member is set. */
typedef struct polyrun_value polyrun_value;
POLYRUN_LIST_TYPE(polyrun_values, polyrun_value)
POLYRUN_MAP_TYPE(polyrun_value_map, polyrun_value)
struct polyrun_value {
  polyrun_kind kind;
  union {
    _Bool boolean;                  /* POLYRUN_BOOL */
    int64_t integer;                /* POLYRUN_INT */
    double real;                    /* POLYRUN_FLOAT */
    const char *text;               /* POLYRUN_TEXT */
    polyrun_bytes bytes;            /* POLYRUN_BYTES */
    polyrun_date date;              /* POLYRUN_DATE */
    polyrun_time time;              /* POLYRUN_TIME */
    polyrun_timestamp timestamp;    /* POLYRUN_TIMESTAMP */
    polyrun_duration duration;      /* POLYRUN_DURATION */
    polyrun_decimal decimal;        /* POLYRUN_DECIMAL */
    polyrun_file file;              /* POLYRUN_FILE */
    polyrun_values list;            /* POLYRUN_LIST */
    polyrun_value_map map;          /* POLYRUN_MAP */
    struct polyrun_any_array { void *data; size_t size, ndim, shape[8]; char order; const char *dtype; } array;
  };
};

#endif
