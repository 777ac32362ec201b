// The bytes of value files (docs/value-files.md): CBOR (RFC 8949) with private tags, and the data files they refer to.
#ifndef POLYRUN_WIRE_HPP
#define POLYRUN_WIRE_HPP
#include <bits/stdc++.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace polyrun {

/// What went wrong with a value; the message names it.
struct error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

namespace detail {

enum tag : std::uint64_t {
  ref_tag = 50500, big_int_tag, decimal_tag, date_tag, time_tag, timestamp_tag, duration_tag, packed_tag, array_tag,
  table_tag, file_tag,
};

/// One of the folders that PolyRun gives to a block with values.
inline std::string folder(const char* variable) {
  const char* path = std::getenv(variable);
  if (path == nullptr) throw error(std::string("this block has no values: ") + variable + " is not set");
  return path;
}

/// A file of the inbox in memory. Pages are copied when they are written to, and the file stays as it is.
class mapping {
 public:
  explicit mapping(const std::string& path) {
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat facts {};
    if (fd < 0 || ::fstat(fd, &facts) != 0) throw error("cannot read " + path);
    size_ = static_cast<std::size_t>(facts.st_size);
    if (size_ != 0) {
      void* at = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
      if (at == MAP_FAILED) throw error("cannot map " + path);
      data_ = static_cast<unsigned char*>(at);
    }
    ::close(fd);
  }
  mapping(const mapping&) = delete;
  mapping& operator=(const mapping&) = delete;

  std::span<unsigned char> bytes() const { return {data_, size_}; }

 private:
  unsigned char* data_ = nullptr;
  std::size_t size_ = 0;
};

/// A file of the inbox, mapped once and for good: what is read from it points into it.
inline std::span<unsigned char> file(const std::string& name) {
  static std::map<std::string, std::unique_ptr<mapping>> open;
  auto& found = open[name];
  if (!found) found = std::make_unique<mapping>(folder("POLYRUN_IN") + "/" + name);
  return found->bytes();
}

/// Reads data items one after another.
class reader {
 public:
  explicit reader(std::span<unsigned char> data) : data_(data) {}

  struct head {
    int major;
    std::uint64_t number;
  };

  unsigned char peek() const {
    if (at_ >= data_.size()) throw error("the value file ends too early");
    return data_[at_];
  }

  head next() {
    unsigned char first = peek();
    ++at_;
    unsigned info = first & 31;
    if (info < 24) return {first >> 5, info};
    unsigned size = 1u << (info - 24);
    std::uint64_t number = 0;
    for (unsigned char byte : take(size)) number = number << 8 | byte;
    return {first >> 5, number};
  }

  std::span<unsigned char> take(std::uint64_t size) {
    if (size > data_.size() - at_) throw error("the value file ends too early");
    auto taken = data_.subspan(at_, size);
    at_ += size;
    return taken;
  }

  std::string_view text() {
    auto [major, size] = next();
    if (major != 3) throw error("a text was expected");
    auto bytes = take(size);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  std::int64_t integer() {
    auto [major, number] = next();
    if (major > 1) throw error("an integer was expected");
    return major == 0 ? static_cast<std::int64_t>(number) : -1 - static_cast<std::int64_t>(number);
  }

  std::uint64_t size(int major) {
    auto head = next();
    if (head.major != major) throw error(major == 4 ? "a list was expected" : "a map was expected");
    return head.number;
  }

  /// The tag that comes next, 0 when it is none; it is gone past.
  std::uint64_t tag() { return peek() >> 5 == 6 ? next().number : 0; }

  bool null() {
    if (peek() != 0xf6) return false;
    ++at_;
    return true;
  }

  /// The bytes that come next: a byte string, or a reference to a data file.
  std::span<unsigned char> bytes() {
    if (peek() >> 5 == 2) return take(next().number);
    if (tag() != ref_tag) throw error("bytes were expected");
    size(4);
    std::string name(text());
    auto offset = static_cast<std::size_t>(integer());
    auto length = static_cast<std::size_t>(integer());
    if (length == 0) return {};
    return file(name).subspan(offset, length);
  }

  /// Go past one value.
  void skip() {
    auto [major, number] = next();
    if (major == 2 || major == 3) take(number);
    if (major == 4) for (; number > 0; --number) skip();
    if (major == 5) for (; number > 0; --number) skip(), skip();
    if (major == 6) skip();
  }

  std::size_t at() const { return at_; }
  void seek(std::size_t at) { at_ = at; }

 private:
  std::span<unsigned char> data_;
  std::size_t at_ = 0;
};

/// What the value file of the inbox says: where each value begins, what is exported and how data files are called.
struct inbox {
  std::map<std::string, std::size_t, std::less<>> values;
  std::map<std::string, std::string, std::less<>> exports;
  std::string prefix;

  static const inbox& get() {
    static const inbox only;
    return only;
  }

 private:
  inbox() {
    reader in(file("values.cbor"));
    for (auto count = in.size(5); count > 0; --count) {
      auto key = in.text();
      if (key == "prefix") {
        prefix = in.text();
      } else if (key == "imports") {
        for (auto left = in.size(5); left > 0; --left) {
          std::string name(in.text());
          values[name] = in.at();
          in.skip();
        }
      } else if (key == "exports") {
        for (auto left = in.size(5); left > 0; --left) {
          std::string name(in.text());
          exports[name] = in.null() ? std::string() : std::string(in.text());
        }
      } else {
        in.skip();
      }
    }
  }
};

/// How each type of numbers is called.
template <class T>
constexpr std::string_view dtype_of = "";
template <> inline constexpr std::string_view dtype_of<bool> = "bool";
template <> inline constexpr std::string_view dtype_of<std::int8_t> = "int8";
template <> inline constexpr std::string_view dtype_of<std::int16_t> = "int16";
template <> inline constexpr std::string_view dtype_of<std::int32_t> = "int32";
template <> inline constexpr std::string_view dtype_of<std::int64_t> = "int64";
template <> inline constexpr std::string_view dtype_of<std::uint8_t> = "uint8";
template <> inline constexpr std::string_view dtype_of<std::uint16_t> = "uint16";
template <> inline constexpr std::string_view dtype_of<std::uint32_t> = "uint32";
template <> inline constexpr std::string_view dtype_of<std::uint64_t> = "uint64";
template <> inline constexpr std::string_view dtype_of<float> = "float32";
template <> inline constexpr std::string_view dtype_of<double> = "float64";

template <class T>
concept number = !dtype_of<T>.empty();

template <class T>
constexpr bool is_text = std::is_convertible_v<const T&, std::string_view>;

}  // namespace detail
}  // namespace polyrun

#endif
