/* Writing CBOR. */
#include "internal.h"

void pr_fail(struct writer *out, const char *why) {
  if (out->why == NULL) out->why = why;
}

void pr_put_raw(struct writer *out, const void *data, size_t size) {
  if (size > out->room - out->size) {
    size_t room = out->room ? out->room * 2 : 64;
    while (room - out->size < size) room *= 2;
    unsigned char *made = realloc(out->data, room);
    if (made == NULL) return pr_fail(out, "there is no memory for it");
    out->data = made;
    out->room = room;
  }
  if (size > 0) memcpy(out->data + out->size, data, size);
  out->size += size;
}

void pr_put_byte(struct writer *out, int byte) {
  unsigned char one = (unsigned char)byte;
  pr_put_raw(out, &one, 1);
}

void pr_put_head(struct writer *out, int major, uint64_t number) {
  unsigned char head[9];
  int info = number < 24 ? (int)number : number < 0x100 ? 24 : number < 0x10000 ? 25 : number < 0x100000000 ? 26 : 27;
  int size = number < 24 ? 0 : 1 << (info - 24);
  head[0] = (unsigned char)(major << 5 | info);
  for (int n = 0; n < size; n++) head[1 + n] = (unsigned char)(number >> (8 * (size - 1 - n)));
  pr_put_raw(out, head, (size_t)size + 1);
}

void pr_put_int(struct writer *out, int64_t number) {
  if (number >= 0) pr_put_head(out, 0, (uint64_t)number);
  else pr_put_head(out, 1, (uint64_t)(-1 - number));
}

void pr_put_real(struct writer *out, double number) {
  uint64_t bits;
  unsigned char item[9] = {0xfb};
  memcpy(&bits, &number, sizeof bits);
  for (int n = 0; n < 8; n++) item[1 + n] = (unsigned char)(bits >> (56 - 8 * n));
  pr_put_raw(out, item, sizeof item);
}

void pr_put_string(struct writer *out, const char *text, size_t size) {
  if (!pr_is_utf8(text, size)) pr_fail(out, "it holds a text that is not valid UTF-8; bytes can hold anything");
  pr_put_head(out, 3, size);
  pr_put_raw(out, text, size);
}

void pr_put_text(struct writer *out, const char *text) { pr_put_string(out, text, strlen(text)); }

void pr_put_tagged(struct writer *out, int tag, const char *text) {
  pr_put_head(out, 6, (uint64_t)tag);
  pr_put_text(out, text);
}

void pr_put_ref(struct writer *out, const char *file, size_t offset, size_t size) {
  out->has_files = true;
  pr_put_head(out, 6, TAG_REF);
  pr_put_head(out, 4, 3);
  pr_put_text(out, file);
  pr_put_head(out, 0, offset);
  pr_put_head(out, 0, size);
}

/* RFC 3629. */
bool pr_is_utf8(const char *text, size_t size) {
  const unsigned char *at = (const unsigned char *)text, *end = at + size;
  while (at < end) {
    unsigned char first = *at++;
    if (first < 0x80) continue;
    int more = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0;
    if (more == 0 || more > end - at) return false;
    unsigned char low = first == 0xe0   ? 0xa0
                        : first == 0xf0 ? 0x90
                                        : 0x80,
                  high = first == 0xed   ? 0x9f
                         : first == 0xf4 ? 0x8f
                                         : 0xbf;
    for (; more > 0; more--, low = 0x80, high = 0xbf) {
      if (*at < low || *at > high) return false;
      at++;
    }
  }
  return true;
}
