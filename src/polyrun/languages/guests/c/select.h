/* From the type of an expression, at compile time, to what describes it. */
#ifndef POLYRUN_SELECT_H
#define POLYRUN_SELECT_H

/* Something to hand over: `sort` says whether `at` is a thing of `type` (1), or things of it one after another (2), or
   rows of them (3), of `row` bytes each. All of it are `size` bytes. With `decayed`, `at` is a pointer to them. */
struct polyrun_what {
  int sort;
  const struct polyrun_type *type;
  const void *at;
  size_t size, row;
  _Bool is_array, decayed;
};

/* A variable that is handed over when `main` ends. */
struct polyrun_guard {
  const char *name;
  struct polyrun_what what;
  struct polyrun_guard *next;
};

/* `x` as functions see it: an array is a pointer. */
#define POLYRUN_DECAYED(x) ((void)0, (x))
#define POLYRUN_IS_ARRAY(x) (!__builtin_types_compatible_p(__typeof__(x), __typeof__(POLYRUN_DECAYED(x))))

/* Types that a generated header adds. */
#ifndef POLYRUN_MADE
#define POLYRUN_MADE(V)
#endif

/* `one`, `many` and `grid` write the branches for a type, for pointers to it, and for pointers to rows of it. */
#define POLYRUN_SELECT(x, one, many, grid, other) _Generic(POLYRUN_DECAYED(x), \
    POLYRUN_NUMBERS(one) POLYRUN_NUMBERS(many) POLYRUN_NUMBERS(grid) one(char, char) grid(char, char) \
    POLYRUN_STRUCTS(one) POLYRUN_STRUCTS(many) POLYRUN_MADE(one) POLYRUN_MADE(many) POLYRUN_BUILDERS(one) \
    one(char *, text) one(const char *, text) many(char *, text) many(const char *, text) \
    one(void *, null) one(const void *, null) default: other)

#define POLYRUN_TYPE_ONE(T, d) T: &polyrun_type_##d,
#define POLYRUN_TYPE_MANY(T, d) T *: &polyrun_type_##d, T const *: &polyrun_type_##d,
#define POLYRUN_TYPE_GRID(T, d) T (*)[]: &polyrun_type_##d, T const (*)[]: &polyrun_type_##d,
#define POLYRUN_TYPE(x) \
  POLYRUN_SELECT(x, POLYRUN_TYPE_ONE, POLYRUN_TYPE_MANY, POLYRUN_TYPE_GRID, (const struct polyrun_type *)0)

#define POLYRUN_SORT_ONE(T, d) T: 1,
#define POLYRUN_SORT_MANY(T, d) T *: 2, T const *: 2,
#define POLYRUN_SORT_GRID(T, d) T (*)[]: 3, T const (*)[]: 3,
#define POLYRUN_SORT(x) POLYRUN_SELECT(x, POLYRUN_SORT_ONE, POLYRUN_SORT_MANY, POLYRUN_SORT_GRID, 0)

/* The bytes of a row: `x` itself where it has rows, so that it can be looked into, else anything. */
#define POLYRUN_ROW_BRANCH(T, x) T (*)[]: (x), T const (*)[]: (x),
#define POLYRUN_ROW(x) sizeof(*_Generic(POLYRUN_DECAYED(x), \
    POLYRUN_ROW_BRANCH(_Bool, x) POLYRUN_ROW_BRANCH(char, x) POLYRUN_ROW_BRANCH(signed char, x) \
    POLYRUN_ROW_BRANCH(unsigned char, x) POLYRUN_ROW_BRANCH(short, x) POLYRUN_ROW_BRANCH(unsigned short, x) \
    POLYRUN_ROW_BRANCH(int, x) POLYRUN_ROW_BRANCH(unsigned, x) POLYRUN_ROW_BRANCH(long, x) \
    POLYRUN_ROW_BRANCH(unsigned long, x) POLYRUN_ROW_BRANCH(long long, x) POLYRUN_ROW_BRANCH(unsigned long long, x) \
    POLYRUN_ROW_BRANCH(float, x) POLYRUN_ROW_BRANCH(double, x) default: (char (*)[1])0))

/* Constants, because a compiler may quote the condition. */
#define POLYRUN_CHECK(x, it, id) \
  enum { polyrun_can_##id = POLYRUN_SORT(x) != 0, polyrun_all_##id = POLYRUN_SORT(x) < 2 || POLYRUN_IS_ARRAY(x) }; \
  _Static_assert(polyrun_can_##id, \
      it " has a type that cannot be exported; polyrun_map_of(x, a, b) makes a map of the fields of a struct"); \
  _Static_assert(polyrun_all_##id, \
      it " is a pointer, which does not tell how much is there: export polyrun_list_of(pointer, n) " \
      "or polyrun_array_of(pointer, n)")

#define POLYRUN_WHAT(x, where, by_pointer) \
  {POLYRUN_SORT(x), POLYRUN_TYPE(x), (where), sizeof(x), POLYRUN_ROW(x), POLYRUN_IS_ARRAY(x), (by_pointer)}

/* `call`, in which `polyrun_what_` is `x`. */
#define POLYRUN_GIVE(x, call) ({ \
    POLYRUN_CHECK(x, "this", it_); \
    __auto_type polyrun_it_ = (x); \
    struct polyrun_what polyrun_what_ = POLYRUN_WHAT(x, &polyrun_it_, POLYRUN_IS_ARRAY(x)); \
    call; })

/* `call`, which is about things of the type of `x`. */
#define POLYRUN_ONE(x, call) ({ \
    enum { polyrun_can_ = POLYRUN_SORT(x) == 1 }; \
    _Static_assert(polyrun_can_, "things of this type cannot be exported"); \
    call; })

#define POLYRUN_SHAPE(...) sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t), (size_t[]){__VA_ARGS__}
#define POLYRUN_GRID_OF(p, order, ...) polyrun_array_of_(POLYRUN_TYPE((p)[0]), (p), order, POLYRUN_SHAPE(__VA_ARGS__))

/* Adds each of the named fields, 16 at most, of the struct that `from` points to. */
#define POLYRUN_FIELDS_1(map, from, f) polyrun_map_add(map, #f, (from)->f);
#define POLYRUN_FIELDS_2(map, from, f, ...) \
  POLYRUN_FIELDS_1(map, from, f) POLYRUN_FIELDS_1(map, from, __VA_ARGS__)
#define POLYRUN_FIELDS_3(map, from, f, ...) \
  POLYRUN_FIELDS_1(map, from, f) POLYRUN_FIELDS_2(map, from, __VA_ARGS__)
#define POLYRUN_FIELDS_4(map, from, f, ...) \
  POLYRUN_FIELDS_1(map, from, f) POLYRUN_FIELDS_3(map, from, __VA_ARGS__)
#define POLYRUN_FIELDS_5(map, from, f, ...) \
  POLYRUN_FIELDS_1(map, from, f) POLYRUN_FIELDS_4(map, from, __VA_ARGS__)
#define POLYRUN_FIELDS_6(map, from, f, ...) \
  POLYRUN_FIELDS_1(map, from, f) POLYRUN_FIELDS_5(map, from, __VA_ARGS__)
#define POLYRUN_FIELDS_7(map, from, f, ...) \
  POLYRUN_FIELDS_1(map, from, f) POLYRUN_FIELDS_6(map, from, __VA_ARGS__)
#define POLYRUN_FIELDS_8(map, from, f, ...) \
  POLYRUN_FIELDS_1(map, from, f) POLYRUN_FIELDS_7(map, from, __VA_ARGS__)
#define POLYRUN_FIELDS_9(map, from, f, ...) \
  POLYRUN_FIELDS_1(map, from, f) POLYRUN_FIELDS_8(map, from, __VA_ARGS__)
#define POLYRUN_FIELDS_10(map, from, f, ...) \
  POLYRUN_FIELDS_1(map, from, f) POLYRUN_FIELDS_9(map, from, __VA_ARGS__)
#define POLYRUN_FIELDS_11(map, from, f, ...) \
  POLYRUN_FIELDS_1(map, from, f) POLYRUN_FIELDS_10(map, from, __VA_ARGS__)
#define POLYRUN_FIELDS_12(map, from, f, ...) \
  POLYRUN_FIELDS_1(map, from, f) POLYRUN_FIELDS_11(map, from, __VA_ARGS__)
#define POLYRUN_FIELDS_13(map, from, f, ...) \
  POLYRUN_FIELDS_1(map, from, f) POLYRUN_FIELDS_12(map, from, __VA_ARGS__)
#define POLYRUN_FIELDS_14(map, from, f, ...) \
  POLYRUN_FIELDS_1(map, from, f) POLYRUN_FIELDS_13(map, from, __VA_ARGS__)
#define POLYRUN_FIELDS_15(map, from, f, ...) \
  POLYRUN_FIELDS_1(map, from, f) POLYRUN_FIELDS_14(map, from, __VA_ARGS__)
#define POLYRUN_FIELDS_16(map, from, f, ...) \
  POLYRUN_FIELDS_1(map, from, f) POLYRUN_FIELDS_15(map, from, __VA_ARGS__)
#define POLYRUN_SEVENTEENTH(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, it, ...) it
#define POLYRUN_FIELDS(map, from, ...) POLYRUN_SEVENTEENTH(__VA_ARGS__, \
    POLYRUN_FIELDS_16, POLYRUN_FIELDS_15, POLYRUN_FIELDS_14, POLYRUN_FIELDS_13, POLYRUN_FIELDS_12, POLYRUN_FIELDS_11, \
    POLYRUN_FIELDS_10, POLYRUN_FIELDS_9, POLYRUN_FIELDS_8, POLYRUN_FIELDS_7, POLYRUN_FIELDS_6, POLYRUN_FIELDS_5, \
    POLYRUN_FIELDS_4, POLYRUN_FIELDS_3, POLYRUN_FIELDS_2, POLYRUN_FIELDS_1, )(map, from, __VA_ARGS__)

/* What follows the declaration of a variable of `main` that is exported. */
#define POLYRUN_EXPORT(x) \
  POLYRUN_CHECK(x, "`" #x "`", x); \
  struct polyrun_guard polyrun_out_##x __attribute__((cleanup(polyrun_leave_))) = {#x, POLYRUN_WHAT(x, &(x), 0), 0}; \
  polyrun_enter_(&polyrun_out_##x)

#endif
