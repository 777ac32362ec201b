// Where a block leaves what it exports.
#ifndef POLYRUN_OUTBOX_HPP
#define POLYRUN_OUTBOX_HPP
#include "read.hpp"

namespace polyrun::detail {

inline constexpr std::size_t npy_head = 256, inline_bytes = 64 * 1024;

/// Write all of `size` bytes to the open file at `offset`.
inline void write_all(int fd, const void* data, std::size_t size, std::size_t offset) {
  auto at = static_cast<const char*>(data);
  while (size > 0) {
    auto wrote = ::pwrite(fd, at, std::min(size, std::size_t{1} << 30), static_cast<off_t>(offset));
    if (wrote < 0) throw error(std::string("the data cannot be written: ") + std::strerror(errno));
    at += wrote;
    offset += static_cast<std::size_t>(wrote);
    size -= static_cast<std::size_t>(wrote);
  }
}

/// Writes data items.
class writer {
 public:
  std::string data;

  void head(int major, std::uint64_t number) {
    if (number < 24) return byte(major << 5 | static_cast<int>(number));
    int info = number < 0x100 ? 24 : number < 0x10000 ? 25 : number < 0x100000000 ? 26 : 27;
    byte(major << 5 | info);
    for (int shift = (8 << (info - 24)) - 8; shift >= 0; shift -= 8) byte(static_cast<int>(number >> shift & 0xff));
  }
  void byte(int value) { data.push_back(static_cast<char>(value)); }
  void integer(std::int64_t value) {
    if (value >= 0) head(0, static_cast<std::uint64_t>(value));
    else head(1, static_cast<std::uint64_t>(-1 - value));
  }
  void real(double value) {
    byte(0xfb);
    auto bits = std::bit_cast<std::uint64_t>(value);
    for (int shift = 56; shift >= 0; shift -= 8) byte(static_cast<int>(bits >> shift & 0xff));
  }
  void text(std::string_view value) {
    head(3, value.size());
    data.append(value);
  }
  void raw(const void* from, std::size_t size) {
    head(2, size);
    data.append(static_cast<const char*>(from), size);
  }
  void ref(const std::string& file, std::size_t offset, std::size_t size) {
    head(6, ref_tag);
    head(4, 3);
    text(file);
    integer(static_cast<std::int64_t>(offset));
    integer(static_cast<std::int64_t>(size));
  }
};

/// Whether `text` is UTF-8 (RFC 3629).
inline bool is_utf8(std::string_view text) {
  for (std::size_t n = 0; n < text.size();) {
    auto first = static_cast<unsigned char>(text[n]);
    std::size_t more = first < 0x80 ? 0 : first < 0xc2 ? 4 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 4;
    if (more == 4 || n + more >= text.size() + (more == 0)) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      auto next = static_cast<unsigned char>(text[n + k]);
      auto low = k > 1 ? 0x80 : first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
      auto high = k > 1 ? 0xbf : first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
      if (next < low || next > high) return false;
    }
    n += more + 1;
  }
  return true;
}

/// Gathers what is exported, and writes it when the program ends by itself.
class outbox {
 public:
  static outbox& get() {
    static outbox only;
    return only;
  }

  /// A new data file whose name ends in `ending`.
  std::pair<std::string, int> create(std::string_view ending) {
    auto name = inbox::get().prefix + std::to_string(count_++) + std::string(ending);
    int fd = ::open((folder_ + "/" + name).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) throw error(std::string("a data file cannot be made: ") + std::strerror(errno));
    return {name, fd};
  }

  /// Room for `size` bytes of numbers that are written in place and are not copied when they are exported.
  void* room(std::size_t size) {
    auto [name, fd] = create(".npy");
    auto total = static_cast<off_t>(npy_head + size);
    int full = ::ftruncate(fd, total) != 0 ? errno : size != 0 ? ::posix_fallocate(fd, npy_head, static_cast<off_t>(size)) : 0;
    void* at = full != 0 ? MAP_FAILED : ::mmap(nullptr, npy_head + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::close(fd);
    if (at == MAP_FAILED) throw error(std::string("there is no room for an array: ") + std::strerror(full != 0 ? full : errno));
    auto numbers = static_cast<char*>(at) + npy_head;
    rooms_[numbers] = {name, size};
    return numbers;
  }

  /// Numbers as a reference: where they lie already, or to a copy in a file of their own.
  void numbers(writer& out, const void* data, std::size_t size) {
    auto found = rooms_.find(static_cast<const char*>(data));
    if (found != rooms_.end() && found->second.second == size && size > 0) {
      out.ref(found->second.first, npy_head, size);
      rooms_.erase(found);  // a file holds one value
      return;
    }
    auto [name, fd] = create(".npy");
    if (::ftruncate(fd, npy_head) != 0) throw error("a data file cannot be written");
    write_all(fd, data, size, npy_head);
    ::close(fd);
    out.ref(name, npy_head, size);
  }

  void put(const std::string& name, std::string encoded) { values_[name] = std::move(encoded); }
  void refuse(const std::string& name, const std::string& why) { refused_[name] = why; }

  ~outbox() {
    if (::getpid() != pid_) return;  // a child that was forked has nothing to hand over
    writer out;
    out.head(5, 3);
    out.text("polyrun");
    out.integer(1);
    out.text("exports");
    out.head(5, values_.size());
    for (auto& [name, encoded] : values_) {
      out.text(name);
      out.data.append(encoded);
    }
    out.text("refused");
    out.head(5, refused_.size());
    for (auto& [name, why] : refused_) {
      out.text(name);
      out.text(why);
    }
    auto part = folder_ + "/values.part";
    int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) give_up("the exported values cannot be written");
    try {
      write_all(fd, out.data.data(), out.data.size(), 0);
    } catch (const error& fault) {
      give_up(fault.what());
    }
    ::close(fd);
    if (::rename(part.c_str(), (folder_ + "/values.cbor").c_str()) != 0) give_up("the exported values cannot be written");
  }

 private:
  outbox() : folder_(folder("POLYRUN_OUT")) { inbox::get(); }

  std::string folder_;
  pid_t pid_ = ::getpid();
  int count_ = 0;
  std::map<std::string, std::string> values_, refused_;
  std::map<const char*, std::pair<std::string, std::size_t>> rooms_;
};

}  // namespace polyrun::detail

#endif
