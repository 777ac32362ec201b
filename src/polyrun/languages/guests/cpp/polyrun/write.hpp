// From objects of C++ to a value file, by their type.
#ifndef POLYRUN_WRITE_HPP
#define POLYRUN_WRITE_HPP
#include "outbox.hpp"

namespace polyrun {
namespace detail {

template <class T>
concept string_map = requires { typename T::mapped_type; typename T::key_type; } && is_text<typename T::key_type>;
template <class T>
concept tuple_like = requires { std::tuple_size<T>::value; };
template <class T>
concept list_like = std::ranges::input_range<const T> && !is_text<T>;

template <class T> struct can_write;

template <class T>
consteval bool writable() {
  using plain = std::remove_cvref_t<T>;
  if constexpr (std::is_arithmetic_v<plain> || std::is_same_v<plain, std::nullptr_t> || is_text<plain>) return true;
  else if constexpr (is_optional<plain>::value) return writable<typename plain::value_type>();
  else if constexpr (std::is_same_v<plain, value> || is_table<plain> || is_record<plain> || is_array<plain>::value) return true;
  else if constexpr (std::is_same_v<plain, std::filesystem::path> || std::is_same_v<plain, std::byte>) return true;
  else if constexpr (std::is_same_v<plain, std::chrono::year_month_day>) return true;
  else if constexpr (requires { plain::period::num; }) return true;
  else if constexpr (requires { typename plain::clock; }) return true;
  else if constexpr (string_map<plain>) return writable<typename plain::mapped_type>();
  else if constexpr (list_like<plain>) return writable<std::ranges::range_value_t<const plain>>();
  else if constexpr (tuple_like<plain>) return true;
  else return requires(const plain& v, writer& out) { v.write_to(out); };
}

/// A type whose objects have a form that other languages can read.
template <class T>
concept exportable = writable<T>();

template <class T>
void write(writer& out, const T& what);

inline void write_time(std::string& text, std::chrono::nanoseconds since_midnight) {
  char buffer[40];
  auto total = since_midnight.count();
  auto seconds = total / 1'000'000'000, rest = total % 1'000'000'000;
  std::snprintf(buffer, sizeof buffer, "%02d:%02d:%02d", int(seconds / 3600), int(seconds / 60 % 60), int(seconds % 60));
  text += buffer;
  if (rest == 0) return;
  std::snprintf(buffer, sizeof buffer, ".%09lld", static_cast<long long>(rest));
  text += buffer;
  while (text.back() == '0') text.pop_back();
}

inline std::string date_text(std::chrono::year_month_day date) {
  if (!date.ok() || int(date.year()) < 1 || int(date.year()) > 9999) throw error("it is a date that value files cannot say");
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02u", int(date.year()), unsigned(date.month()), unsigned(date.day()));
  return buffer;
}

inline void write_tagged(writer& out, tag kind, const std::string& text) {
  out.head(6, kind);
  out.text(text);
}

template <class Clock, class Duration>
void write_moment(writer& out, std::chrono::time_point<Clock, Duration> moment) {
  using namespace std::chrono;
  auto time = time_point_cast<nanoseconds>(moment);
  auto day = floor<days>(time);
  auto text = date_text(year_month_day(sys_days(day.time_since_epoch()))) + "T";
  write_time(text, time - day);
  if constexpr (std::is_same_v<Clock, std::chrono::system_clock>) text += "Z";
  write_tagged(out, timestamp_tag, text);
}

template <class T>
void write_packed(writer& out, const T* data, std::size_t count) {
  out.head(6, packed_tag);
  out.head(4, 2);
  out.text(dtype_of<T>);
  if (count * sizeof(T) <= inline_bytes) out.raw(data, count * sizeof(T));
  else outbox::get().numbers(out, data, count * sizeof(T));
}

template <class T>
void write_array(writer& out, const T* data, const std::vector<std::size_t>& shape, char order) {
  out.head(6, array_tag);
  out.head(4, 4);
  out.text(dtype_of<std::remove_const_t<T>>);
  out.head(4, shape.size());
  std::size_t count = 1;
  for (auto length : shape) out.integer(static_cast<std::int64_t>(length)), count *= length;
  out.text(std::string_view(&order, 1));
  outbox::get().numbers(out, data, count * sizeof(T));
}

inline void write_bytes(writer& out, const void* data, std::size_t size) {
  if (size <= inline_bytes) return out.raw(data, size);
  auto [name, fd] = outbox::get().create(".bin");
  write_all(fd, data, size, 0);
  ::close(fd);
  out.ref(name, 0, size);
}

inline void write_file(writer& out, const std::filesystem::path& path) {
  std::ifstream from(path, std::ios::binary);
  if (!from) throw error("the file " + path.string() + " cannot be read");
  auto base = path.filename().string();
  std::string safe;
  for (char c : base) safe += std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' ? c : '_';
  auto [name, fd] = outbox::get().create("-" + safe.substr(safe.size() > 100 ? safe.size() - 100 : 0));
  std::size_t size = 0;
  std::vector<char> piece(1 << 20);
  while (from.read(piece.data(), static_cast<std::streamsize>(piece.size())), from.gcount() > 0) {
    write_all(fd, piece.data(), static_cast<std::size_t>(from.gcount()), size);
    size += static_cast<std::size_t>(from.gcount());
  }
  ::close(fd);
  static const std::map<std::string, std::string> media{
      {".csv", "text/csv"}, {".html", "text/html"}, {".jpg", "image/jpeg"}, {".json", "application/json"},
      {".pdf", "application/pdf"}, {".png", "image/png"}, {".svg", "image/svg+xml"}, {".txt", "text/plain"}};
  auto known = media.find(path.extension().string());
  out.head(6, file_tag);
  out.head(4, 3);
  out.text(base);
  out.text(known == media.end() ? "application/octet-stream" : known->second);
  out.ref(name, 0, size);
}

template <class T>
void write_map(writer& out, const T& entries) {
  out.head(5, static_cast<std::uint64_t>(std::ranges::distance(entries)));
  for (auto& [key, item] : entries) write(out, key), write(out, item);
}

template <class T>
void write_table(writer& out, const T& what);

template <class T>
void write_list(writer& out, const T& items) {
  using item = std::remove_cvref_t<std::ranges::range_value_t<const T>>;
  if constexpr (std::is_same_v<item, std::uint8_t> || std::is_same_v<item, std::byte>) {
    static_assert(std::ranges::contiguous_range<const T>, "bytes must lie one after another");
    write_bytes(out, std::ranges::data(items), std::ranges::size(items));
  } else if constexpr (std::is_floating_point_v<item> || (std::is_integral_v<item> && !std::is_same_v<item, bool>)) {
    using stored = std::conditional_t<std::is_floating_point_v<item>, double, std::int64_t>;
    if constexpr (std::is_same_v<item, stored> && std::ranges::contiguous_range<const T>) {
      write_packed<stored>(out, std::ranges::data(items), std::ranges::size(items));
    } else {
      std::vector<stored> numbers;
      for (auto number : items) {
        if constexpr (std::is_integral_v<item>) {
          if (!std::in_range<stored>(number)) throw error("it holds an integer of more than 64 bits with a sign");
        }
        numbers.push_back(static_cast<stored>(number));
      }
      write_packed<stored>(out, numbers.data(), numbers.size());
    }
  } else {
    out.head(4, static_cast<std::uint64_t>(std::ranges::distance(items)));
    for (const item& one : items) write(out, one);
  }
}

template <class T>
void write(writer& out, const T& what) {
  using namespace std::chrono;
  if constexpr (std::is_same_v<T, std::nullptr_t>) {
    out.byte(0xf6);
  } else if constexpr (is_optional<T>::value) {
    if (what) write(out, *what);
    else out.byte(0xf6);
  } else if constexpr (std::is_same_v<T, bool>) {
    out.byte(what ? 0xf5 : 0xf4);
  } else if constexpr (std::is_integral_v<T>) {
    if (std::in_range<std::int64_t>(what)) return out.integer(static_cast<std::int64_t>(what));
    write_tagged(out, big_int_tag, std::to_string(what));
  } else if constexpr (std::is_floating_point_v<T>) {
    out.real(static_cast<double>(what));
  } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
    write_file(out, what);
  } else if constexpr (is_text<T>) {
    std::string_view text = what;
    if (!is_utf8(text)) throw error("it is a text that is not valid UTF-8; declare it as bytes");
    out.text(text);
  } else if constexpr (std::is_same_v<T, value>) {
    std::visit([&](auto& inner) { write(out, inner); }, what.data());
  } else if constexpr (std::is_same_v<T, year_month_day>) {
    write_tagged(out, date_tag, date_text(what));
  } else if constexpr (requires { typename T::clock; }) {
    write_moment(out, what);
  } else if constexpr (requires { T::period::num; }) {
    auto total = duration_cast<nanoseconds>(what);
    auto whole = floor<seconds>(total);
    out.head(6, duration_tag);
    out.head(4, 2);
    out.integer(whole.count());
    out.integer((total - whole).count());
  } else if constexpr (is_array<T>::value) {
    write_array(out, what.data(), what.shape, what.order);
  } else if constexpr (is_table<T>) {
    write_table(out, what);
  } else if constexpr (is_record<T>) {
    std::uint64_t count = 0;
    record<T>::each(what, [&](auto, auto&) { ++count; });
    out.head(5, count);
    record<T>::each(what, [&](std::string_view key, auto& member) { out.text(key), write(out, member); });
  } else if constexpr (requires { what.write_to(out); }) {
    what.write_to(out);
  } else if constexpr (string_map<T> || std::is_same_v<T, value::map>) {
    write_map(out, what);
  } else if constexpr (list_like<T>) {
    write_list(out, what);
  } else {
    out.head(4, std::tuple_size_v<T>);
    std::apply([&](auto&... items) { (write(out, items), ...); }, what);
  }
}

/// `what` as the declared type asks for it, where C++ has one thing for two types.
template <class T>
void write_declared(writer& out, const T& what, std::string_view declared) {
  auto kind = declared.substr(0, declared.find('('));
  if constexpr (is_text<T>) {
    if (kind == "bytes") return write_bytes(out, std::string_view(what).data(), std::string_view(what).size());
    if (kind == "file") return write_file(out, std::string_view(what));
  } else if constexpr (std::ranges::contiguous_range<const T>) {
    using item = std::remove_cvref_t<std::ranges::range_value_t<const T>>;
    if constexpr (number<item>) {
      if (kind == "array") return write_array(out, std::ranges::data(what), {std::ranges::size(what)}, 'C');
    } else if constexpr (requires(const item& one) { requires is_text<decltype(one.first)>; one.second; }) {
      if (kind == "map") return write_map(out, what);
    }
  }
  write(out, what);
}

}  // namespace detail

/// Deleted rather than left out, so that the compiler points at the call and not into this file.
template <class T>
  requires(!detail::exportable<T>)
void put(const std::string& cannot_be_exported_or_lacks_POLYRUN_FIELDS, const T&) = delete;

/// Hand over `what` under `name`, which an `#export:` of the block must declare. Later calls for the name replace it.
template <class T>
  requires detail::exportable<T>
void put(const std::string& name, const T& what) {
  auto& exports = detail::inbox::get().exports;
  auto declared = exports.find(name);
  if (declared == exports.end()) throw error("`" + name + "` is not exported: add `#export: " + name + "` to the block");
  try {
    detail::writer out;
    detail::write_declared(out, what, declared->second);
    detail::outbox::get().put(name, std::move(out.data));
  } catch (const error& fault) {
    detail::outbox::get().refuse(name, fault.what());
  }
}

/// Room for numbers, of that `shape`, that are handed over without being copied.
template <class T>
array<T> make_array(std::initializer_list<std::size_t> shape) {
  array<T> made(nullptr, shape);
  return {static_cast<T*>(detail::outbox::get().room(made.size() * sizeof(T))), std::move(made.shape)};
}
template <class T>
array<T> make_array(std::size_t size) { return make_array<T>({size}); }

/// Hands over a variable when it goes out of scope, by whatever way the program leaves `main` in order.
template <class T>
class exporter {
 public:
  /// Deleted rather than left out, so that the compiler points at the variable and not into this file.
  exporter(const char* cannot_be_exported_or_lacks_POLYRUN_FIELDS, const T&) requires(!detail::exportable<T>) = delete;
  exporter(const char* name, const T& what) requires detail::exportable<T> : name_(name), what_(what) { detail::outbox::get(); }
  exporter(const exporter&) = delete;
  ~exporter() {
    if constexpr (detail::exportable<T>)
      if (std::uncaught_exceptions() == exceptions_) put(name_, what_);
  }

 private:
  const char* name_;
  const T& what_;
  int exceptions_ = std::uncaught_exceptions();
};

}  // namespace polyrun

#include "table.hpp"

#endif
