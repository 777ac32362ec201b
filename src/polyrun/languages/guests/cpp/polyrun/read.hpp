// From a value file to objects of C++, by their type.
#ifndef POLYRUN_READ_HPP
#define POLYRUN_READ_HPP
#include "types.hpp"

namespace polyrun {
namespace detail {

template <class T> struct is_optional : std::false_type {};
template <class T> struct is_optional<std::optional<T>> : std::true_type {};
template <class T> struct is_array : std::false_type {};
template <class T> struct is_array<array<T>> : std::true_type { using item = std::remove_const_t<T>; };
template <class T> struct is_column : std::false_type {};
template <class T> struct is_column<column<T>> : std::true_type {};

template <class T> void read(reader& in, T& out);

inline double read_double(reader& in) {
  if (in.peek() != 0xfb) return static_cast<double>(in.integer());
  return std::bit_cast<double>(in.next().number);
}

inline std::string expect_tag(reader& in, tag wanted, const char* what) {
  if (in.tag() != wanted) throw error(std::string(what) + " was expected");
  return std::string(in.text());
}

/// A packed list: its dtype and its bytes. The tag is gone past.
template <class T, class Stored>
void unpack(std::span<unsigned char> data, std::vector<T>& out) {
  out.resize(data.size() / sizeof(Stored));
  if constexpr (std::is_same_v<T, Stored>) {
    std::memcpy(out.data(), data.data(), data.size());
  } else {
    for (std::size_t n = 0; n < out.size(); ++n) {
      Stored number;
      std::memcpy(&number, data.data() + n * sizeof number, sizeof number);
      if constexpr (std::is_arithmetic_v<T>) out[n] = static_cast<T>(number);
      else out[n] = T(number);
    }
  }
}

template <class T>
void read_list(reader& in, std::vector<T>& out) {
  if (in.peek() >> 5 == 6) {
    if constexpr (number<T> || std::is_same_v<T, value>) {
      if (in.tag() != packed_tag) throw error("a list was expected");
      in.size(4);
      auto dtype = in.text();
      auto data = in.bytes();
      if (dtype == "int64") unpack<T, std::int64_t>(data, out);
      else unpack<T, double>(data, out);
      return;
    } else {
      throw error("a list of something else was expected");
    }
  }
  auto count = in.size(4);
  out.reserve(count);
  for (; count > 0; --count) {
    T item{};
    read(in, item);
    out.push_back(std::move(item));
  }
}

template <class T>
array<T> read_array(reader& in) {
  if (in.tag() != array_tag) throw error("an array was expected");
  in.size(4);
  auto dtype = in.text();
  if (dtype != dtype_of<std::remove_const_t<T>>) throw error("an array of " + std::string(dtype) + " came");
  std::vector<std::size_t> shape(in.size(4));
  for (auto& length : shape) length = static_cast<std::size_t>(in.integer());
  char order = in.text()[0];
  return {reinterpret_cast<T*>(in.bytes().data()), std::move(shape), order};
}

/// A table: how many rows, and the parts of each column, in order.
struct raw_table {
  struct part {
    std::string name, type;
    std::span<unsigned char> valid, data, offsets;
  };
  std::size_t rows = 0;
  std::vector<part> columns;

  explicit raw_table(reader& in) {
    if (in.tag() != table_tag) throw error("a table was expected");
    in.size(4);
    rows = static_cast<std::size_t>(in.integer());
    for (auto count = in.size(4); count > 0; --count) {
      in.size(4);
      part one{std::string(in.text()), std::string(in.text()), {}, {}, {}};
      if (!in.null()) one.valid = in.bytes();
      one.data = in.bytes();
      if (!in.null()) one.offsets = in.bytes();
      columns.push_back(std::move(one));
    }
  }
};

template <class T>
void read_table(reader& in, T& out) {
  raw_table table(in);
  out.rows = table.rows;
  columns<T>::each(out, [&](std::size_t position, std::string_view, auto& member) {
    using member_type = std::remove_reference_t<decltype(member)>;
    auto& part = table.columns.at(position);
    member = member_type(table.rows, part.valid, part.data, part.offsets);
  });
}

inline value read_value(reader& in) {
  switch (in.peek() >> 5) {
    case 0: case 1: return value(in.integer());
    case 2: { auto data = in.bytes(); return value(bytes(data.begin(), data.end())); }
    case 3: return value(std::string(in.text()));
    case 4: { value::list list; read_list(in, list); return value(std::move(list)); }
    case 5: {
      value::map map;
      for (auto count = in.size(5); count > 0; --count) {
        std::string key(in.text());
        map.emplace_back(std::move(key), read_value(in));
      }
      return value(std::move(map));
    }
    case 6: {
      auto at = in.at();
      if (in.tag() == packed_tag) {
        in.seek(at);
        value::list list;
        read_list(in, list);
        return value(std::move(list));
      }
      in.seek(at);
      auto data = in.bytes();
      return value(bytes(data.begin(), data.end()));
    }
    default:
      if (in.null()) return value(nullptr);
      if (in.peek() == 0xfb) return value(read_double(in));
      return value(in.next().number == 21);
  }
}

inline std::chrono::nanoseconds fraction(std::string_view digits) {
  std::string nine(digits);
  nine.resize(9, '0');
  return std::chrono::nanoseconds(std::stoll(nine));
}

inline int digits(std::string_view text, std::size_t at, std::size_t count) {
  return std::stoi(std::string(text.substr(at, count)));
}

inline std::chrono::year_month_day to_date(std::string_view text) {
  using namespace std::chrono;
  return year(digits(text, 0, 4)) / month(static_cast<unsigned>(digits(text, 5, 2))) / day(static_cast<unsigned>(digits(text, 8, 2)));
}

/// Since midnight; `rest` is what stands behind the fraction.
inline std::chrono::nanoseconds to_time(std::string_view text, std::string_view& rest) {
  using namespace std::chrono;
  auto time = hours(digits(text, 0, 2)) + minutes(digits(text, 3, 2)) + nanoseconds(seconds(digits(text, 6, 2)));
  rest = text.substr(8);
  if (rest.starts_with('.')) {
    auto end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
    time += fraction(rest.substr(1, end - 1));
    rest = rest.substr(end);
  }
  return time;
}

inline std::chrono::sys_time<std::chrono::nanoseconds> to_timestamp(std::string_view text) {
  using namespace std::chrono;
  std::string_view rest;
  auto time = sys_time<nanoseconds>(sys_days(to_date(text))) + to_time(text.substr(11), rest);
  if (rest.starts_with('+') || rest.starts_with('-')) {
    auto offset = hours(digits(rest, 1, 2)) + minutes(digits(rest, 4, 2));
    time -= rest[0] == '+' ? offset : -offset;
  }
  return time;
}

template <class T>
void read(reader& in, T& out) {
  if constexpr (std::is_same_v<T, std::nullptr_t>) {
    if (!in.null()) throw error("null was expected");
  } else if constexpr (is_optional<T>::value) {
    if (in.null()) out = std::nullopt;
    else read(in, out.emplace());
  } else if constexpr (std::is_same_v<T, bool>) {
    if ((in.peek() & 0xfe) != 0xf4) throw error("a bool was expected");
    out = in.next().number == 21;
  } else if constexpr (std::is_integral_v<T>) {
    auto whole = in.integer();
    if (!std::in_range<T>(whole)) throw error(std::to_string(whole) + " is too large");
    out = static_cast<T>(whole);
  } else if constexpr (std::is_floating_point_v<T>) {
    out = static_cast<T>(read_double(in));
  } else if constexpr (std::is_same_v<T, std::string>) {
    out = in.text();
  } else if constexpr (std::is_same_v<T, bytes>) {
    auto data = in.bytes();
    out.assign(data.begin(), data.end());
  } else if constexpr (std::is_same_v<T, value>) {
    out = read_value(in);
  } else if constexpr (std::is_same_v<T, std::chrono::year_month_day>) {
    out = to_date(expect_tag(in, date_tag, "a date"));
  } else if constexpr (std::is_same_v<T, std::chrono::sys_time<std::chrono::nanoseconds>>) {
    out = to_timestamp(expect_tag(in, timestamp_tag, "a timestamp"));
  } else if constexpr (std::is_same_v<T, std::chrono::nanoseconds>) {
    if (in.tag() != duration_tag) throw error("a duration was expected");
    in.size(4);
    auto seconds = in.integer();
    out = std::chrono::seconds(seconds) + std::chrono::nanoseconds(in.integer());
  } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
    if (in.tag() != file_tag) throw error("a file was expected");
    in.size(4);
    in.skip();
    in.skip();
    in.tag();
    in.size(4);
    out = folder("POLYRUN_IN") + "/" + std::string(in.text());
  } else if constexpr (is_array<T>::value) {
    out = read_array<typename is_array<T>::item>(in);
  } else if constexpr (is_table<T>) {
    read_table(in, out);
  } else if constexpr (is_record<T>) {
    for (auto count = in.size(5); count > 0; --count) {
      auto key = in.text();
      bool known = false;
      record<T>::each(out, [&](std::string_view name, auto& member) {
        if (!known && name == key) known = true, read(in, member);
      });
      if (!known) in.skip();
    }
  } else if constexpr (requires { typename T::mapped_type; }) {
    for (auto count = in.size(5); count > 0; --count) {
      std::string key(in.text());
      read(in, out[key]);
    }
  } else {
    read_list(in, out);
  }
}

/// Leave with a message: there is nobody to catch what is thrown before `main`.
[[noreturn]] inline void give_up(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(70);
}

}  // namespace detail

/// The imported value `name` as a `T`.
template <class T>
T take(const char* name) {
  try {
    auto& values = detail::inbox::get().values;
    auto found = values.find(name);
    if (found == values.end()) throw error("this block does not import it");
    detail::reader in(detail::file("values.cbor"));
    in.seek(found->second);
    T out{};
    detail::read(in, out);
    return out;
  } catch (const std::exception& fault) {
    detail::give_up("`" + std::string(name) + "` cannot be imported: " + fault.what());
  }
}

}  // namespace polyrun

#endif
