/* What the value file of the inbox says: where each value begins, what is exported and how data files are called. */
#include "internal.h"

static struct inbox_entry *imports, *exports;
static size_t import_count, export_count;
static const char *prefix;

static struct inbox_entry *entries(struct reader *in, size_t *count, bool are_types) {
  *count = pr_size(in, 5);
  struct inbox_entry *all = pr_room(*count * sizeof *all + 1);
  for (size_t n = 0; n < *count; n++) {
    all[n].name = pr_text(in);
    all[n].at = *in;
    all[n].declared = "";
    if (!are_types) pr_skip(in);
    else if (!pr_null(in)) all[n].declared = pr_text(in);
  }
  return all;
}

static void load(void) {
  if (prefix != NULL) return;
  struct piece all = pr_file("values.cbor");
  struct reader in = {all.data, all.data + all.size};
  for (uint64_t left = pr_size(&in, 5); left > 0; left--) {
    const char *key = pr_text(&in);
    if (strcmp(key, "prefix") == 0) prefix = pr_text(&in);
    else if (strcmp(key, "imports") == 0) imports = entries(&in, &import_count, false);
    else if (strcmp(key, "exports") == 0) exports = entries(&in, &export_count, true);
    else pr_skip(&in);
  }
  if (prefix == NULL) pr_die("the value file names no prefix");
}

static const struct inbox_entry *find(const struct inbox_entry *all, size_t count, const char *name) {
  for (size_t n = 0; n < count; n++) {
    if (strcmp(all[n].name, name) == 0) return &all[n];
  }
  return NULL;
}

const char *pr_prefix(void) {
  load();
  return prefix;
}

const struct inbox_entry *pr_import(const char *name) {
  load();
  return find(imports, import_count, name);
}

const struct inbox_entry *pr_exported(const char *name) {
  load();
  return find(exports, export_count, name);
}

void polyrun_take_(const char *name, const struct polyrun_type *type, void *to) {
  const struct inbox_entry *found = pr_import(name);
  if (found == NULL) pr_die("`%s` is not imported", name);
  struct reader in = found->at;
  pr_read(&in, type, to);
}
