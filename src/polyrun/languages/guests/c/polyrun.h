/* Values for blocks in C: what other blocks export is there as variables, and what they import is handed over. */
#ifndef POLYRUN_H
#define POLYRUN_H
/* So that what is wrong in a block is reported at the line of the block, and not at a macro of this file. */
#pragma GCC system_header
#include "types.h"

/* Things that are made for an export. Each add copies what it is given. */
typedef struct polyrun_map polyrun_map;
typedef struct polyrun_list polyrun_list;
typedef struct polyrun_table polyrun_table;

/* Memory of the block's own, as a value; it is looked at when it is handed over. */
typedef struct {
  const struct polyrun_type *item;
  const void *data;
  size_t ndim, shape[8];
  char form; /* 'l' a list, 'C' and 'F' an array in that order, 't' a text, 'b' bytes */
} polyrun_view;

#include "describe.h"
#include "select.h"

/* Hand over `x` as `name`, which an `#export:` of the block must declare. Later calls for the name replace it. `x` is a
   number, a text, an array with a fixed size, a struct of types.h, an imported value, or made by what follows. */
#define polyrun_put(name, x) POLYRUN_GIVE(x, polyrun_put_((name), polyrun_what_, __FILE__, __LINE__))

/* `n` things one after another as a list; `n` bytes; `n` bytes of text, which may hold NULs. */
#define polyrun_list_of(p, n) POLYRUN_ONE((p)[0], polyrun_list_of_(POLYRUN_TYPE((p)[0]), (p), (n)))
polyrun_view polyrun_bytes_of(const void *data, size_t n);
polyrun_view polyrun_text_of(const char *data, size_t n);

/* Numbers as an array: polyrun_array_of(p, 2, 3) has 2 rows and 3 columns. With _f the first index is the fastest. */
#define polyrun_array_of(p, ...) POLYRUN_ONE((p)[0], POLYRUN_GRID_OF(p, 'C', __VA_ARGS__))
#define polyrun_array_of_f(p, ...) POLYRUN_ONE((p)[0], POLYRUN_GRID_OF(p, 'F', __VA_ARGS__))

/* An array of zeros that is handed over without being copied:
   polyrun_array_float64 a = polyrun_array_new(float64, 2, 3); */
#define polyrun_array_new(dtype, ...) ({ \
    polyrun_array_##dtype polyrun_made_; \
    polyrun_array_new_(&polyrun_type_array_##dtype, &polyrun_made_, POLYRUN_SHAPE(__VA_ARGS__)); \
    polyrun_made_; })

/* Maps and lists of anything. A list may be added to a map and the other way round. */
polyrun_map *polyrun_map_new(void);
polyrun_list *polyrun_list_new(void);
#define polyrun_map_add(map, key, x) POLYRUN_GIVE(x, polyrun_map_add_((map), (key), polyrun_what_))
#define polyrun_list_add(list, x) POLYRUN_GIVE(x, polyrun_list_add_((list), polyrun_what_))

/* A map of the named fields, 16 at most, of the struct `x`: polyrun_map_of(point, x, y) */
#define polyrun_map_of(x, ...) ({ \
    __auto_type polyrun_of_ = &(x); \
    polyrun_map *polyrun_new_ = polyrun_map_new(); \
    POLYRUN_FIELDS(polyrun_new_, polyrun_of_, __VA_ARGS__) \
    polyrun_new_; })

/* A table: each column is a pointer to as many things as there are rows. `valid` says of each whether it is there. */
polyrun_table *polyrun_table_new(size_t rows);
#define polyrun_table_add(table, name, p) polyrun_table_add_valid(table, name, p, (const _Bool *)0)
#define polyrun_table_add_valid(table, name, p, valid) \
  POLYRUN_ONE((p)[0], polyrun_table_add_((table), (name), POLYRUN_TYPE((p)[0]), (p), (valid)))

/* Whether row `n` of the column `c` of an imported table has no value; the time zone of a column, or NULL. */
_Bool polyrun_is_null(const void *c, size_t n);
const char *polyrun_zone(const void *c);

/* The value with that key in an imported map, or NULL. */
#define polyrun_find(map, key) \
  ((__typeof__((map).values))polyrun_find_((map).keys, (map).size, (map).values, sizeof *(map).values, (key)))

/* Dates and times as numbers of columns and of <time.h>, and back. Seconds are since 1970-01-01T00:00:00Z. */
polyrun_date polyrun_to_date(polyrun_days day);
polyrun_days polyrun_from_date(polyrun_date date);
polyrun_timestamp polyrun_to_timestamp(int64_t seconds, int nanosecond);
int64_t polyrun_from_timestamp(polyrun_timestamp moment);

/* The rest is what the macros are made of. */
void polyrun_take_(const char *name, const struct polyrun_type *type, void *to);
void polyrun_put_(const char *name, struct polyrun_what what, const char *file, int line);
void polyrun_enter_(struct polyrun_guard *guard);
void polyrun_leave_(struct polyrun_guard *guard);
polyrun_view polyrun_list_of_(const struct polyrun_type *item, const void *data, size_t n);
polyrun_view polyrun_array_of_(
    const struct polyrun_type *item, const void *data, char order, size_t ndim, const size_t *shape);
void polyrun_array_new_(const struct polyrun_type *type, void *to, size_t ndim, const size_t *shape);
void polyrun_map_add_(polyrun_map *map, const char *key, struct polyrun_what what);
void polyrun_list_add_(polyrun_list *list, struct polyrun_what what);
void polyrun_table_add_(
    polyrun_table *table, const char *name, const struct polyrun_type *item, const void *data, const _Bool *valid);
const void *polyrun_find_(const polyrun_text *keys, size_t count, const void *values, size_t size, const char *key);

#endif
