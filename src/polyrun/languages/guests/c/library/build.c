/* Maps and lists that a block makes piece by piece. Each piece is written at once, so nothing of it need be kept. */
#include "internal.h"

static struct builder *make(polyrun_kind kind) {
  struct builder *made = calloc(1, sizeof *made);
  if (made == NULL) pr_die("there is no memory for a map or a list");
  made->kind = kind;
  return made;
}

polyrun_map *polyrun_map_new(void) { return (polyrun_map *)make(POLYRUN_MAP); }
polyrun_list *polyrun_list_new(void) { return (polyrun_list *)make(POLYRUN_LIST); }

void polyrun_map_add_(polyrun_map *map, const char *key, struct polyrun_what what) {
  struct builder *builder = (struct builder *)map;
  builder->count++;
  pr_put_text(&builder->content, key);
  pr_write_what(&builder->content, &what, "");
}

void polyrun_list_add_(polyrun_list *list, struct polyrun_what what) {
  struct builder *builder = (struct builder *)list;
  builder->count++;
  pr_write_what(&builder->content, &what, "");
}

polyrun_view polyrun_bytes_of(const void *data, size_t n) {
  return (polyrun_view){.data = data, .ndim = 1, .shape = {n}, .form = 'b'};
}

polyrun_view polyrun_text_of(const char *data, size_t n) {
  return (polyrun_view){.data = data, .ndim = 1, .shape = {n}, .form = 't'};
}

polyrun_view polyrun_list_of_(const struct polyrun_type *item, const void *data, size_t n) {
  return (polyrun_view){.item = item, .data = data, .ndim = 1, .shape = {n}, .form = 'l'};
}

polyrun_view polyrun_array_of_(
    const struct polyrun_type *item, const void *data, char order, size_t ndim, const size_t *shape) {
  polyrun_view view = {.item = item, .data = data, .ndim = ndim, .form = order};
  if (ndim > 8) pr_die("an array has 8 dimensions at most");
  memcpy(view.shape, shape, ndim * sizeof *shape);
  return view;
}
