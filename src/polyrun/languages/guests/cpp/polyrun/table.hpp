// Tables that a block makes.
#ifndef POLYRUN_TABLE_HPP
#define POLYRUN_TABLE_HPP

namespace polyrun {
namespace detail {

/// Writes columns to a file of their own, and describes them.
class table_writer {
 public:
  table_writer(writer& out, std::size_t rows, const std::vector<std::string>& names) : out_(out) {
    out.head(6, table_tag);
    out.head(4, 2);
    out.integer(static_cast<std::int64_t>(rows));
    out.head(4, names.size());
    std::size_t room = 2048;
    for (auto& name : names) room += 512 + name.size();
    at_ = (room + 4095) / 4096 * 4096;
    if (!names.empty()) std::tie(file_, fd_) = outbox::get().create(".arrow");
  }
  ~table_writer() {
    if (fd_ >= 0) ::close(fd_);
  }
  table_writer(const table_writer&) = delete;

  struct part {
    const void* data = nullptr;
    std::size_t size = 0;
  };

  void column(std::string_view name, std::string_view type, std::optional<part> valid, part data, std::optional<part> offsets) {
    out_.head(4, 5);
    out_.text(name);
    out_.text(type);
    optional(valid);
    one(data);
    optional(offsets);
  }

 private:
  void optional(const std::optional<part>& given) {
    if (given) one(*given);
    else out_.byte(0xf6);
  }
  void one(part given) {
    at_ = (at_ + 63) / 64 * 64;
    if (given.size == 0 && ::ftruncate(fd_, static_cast<off_t>(at_)) != 0) throw error("a table cannot be written");
    write_all(fd_, given.data, given.size, at_);
    out_.ref(file_, at_, given.size);
    at_ += given.size;
  }

  writer& out_;
  std::string file_;
  int fd_ = -1;
  std::size_t at_ = 0;
};

inline table_writer::part part_of(const std::string& bytes) { return {bytes.data(), bytes.size()}; }

/// A column in the bytes that a table file has for it.
struct column_bytes {
  std::string type, valid, data, offsets;
  bool has_nulls = false, is_variable = false;
  std::size_t rows = 0;

  template <class T>
  void add(const T& item) {
    if constexpr (is_optional<T>::value) {
      bool there = item.has_value();
      bit(valid, rows, there);
      has_nulls |= !there;
      static const typename T::value_type nothing{};
      value(there ? *item : nothing);
    } else {
      bit(valid, rows, true);
      value(item);
    }
    ++rows;
  }

  template <class T>
  void begin() {
    if constexpr (is_optional<T>::value) {
      begin<typename T::value_type>();
    } else if constexpr (std::is_same_v<T, std::chrono::year_month_day>) {
      type = "date";
    } else if constexpr (requires { typename T::clock; }) {
      auto zone = std::is_same_v<typename T::clock, std::chrono::system_clock> ? ",UTC)" : ")";
      type = std::string("timestamp(") + unit<typename T::duration> + zone;
    } else if constexpr (requires { T::period::num; }) {
      type = std::string("duration(") + unit<T> + ")";
    } else if constexpr (number<T>) {
      type = dtype_of<T>;
    } else if constexpr (std::is_integral_v<T>) {
      type = std::is_signed_v<T> ? "int64" : "uint64";
    } else {
      static_assert(is_text<T> || std::is_same_v<T, bytes>, "a column of a table cannot hold this type");
      type = is_text<T> ? "str" : "bytes";
      is_variable = true;
      offset();
    }
  }

 private:
  template <class D>
  static constexpr bool exact = std::ratio_less_v<typename D::period, std::micro>;
  template <class D>
  static constexpr const char* unit = exact<D> ? "ns" : "us";
  template <class D>
  using stored = std::conditional_t<exact<D>, std::chrono::nanoseconds, std::chrono::microseconds>;

  static void bit(std::string& bits, std::size_t n, bool on) {
    if (n % 8 == 0) bits.push_back(0);
    if (on) bits.back() = static_cast<char>(bits.back() | 1 << (n & 7));
  }
  void offset() {
    if (data.size() > 0x7fffffff) throw error("a column of texts can hold 2 GiB at most");
    raw(static_cast<std::int32_t>(data.size()), offsets);
  }
  template <class T>
  static void raw(T number, std::string& to) { to.append(reinterpret_cast<const char*>(&number), sizeof number); }

  template <class T>
  void value(const T& item) {
    using namespace std::chrono;
    if constexpr (std::is_same_v<T, bool>) bit(data, rows, item);
    else if constexpr (std::is_same_v<T, year_month_day>) raw(static_cast<std::int32_t>(sys_days(item).time_since_epoch().count()), data);
    else if constexpr (requires { typename T::clock; }) raw(duration_cast<stored<typename T::duration>>(item.time_since_epoch()).count(), data);
    else if constexpr (requires { T::period::num; }) raw(duration_cast<stored<T>>(item).count(), data);
    else if constexpr (is_text<T>) {
      std::string_view text = item;
      if (!is_utf8(text)) throw error("a column has a text that is not valid UTF-8");
      data.append(text);
      offset();
    } else if constexpr (std::is_same_v<T, bytes>) {
      data.append(reinterpret_cast<const char*>(item.data()), item.size());
      offset();
    } else if constexpr (number<T>) raw(item, data);
    else raw(static_cast<std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>(item), data);
  }
};

template <class T>
std::string column_type_of(const column<T>&) {
  column_bytes only;
  only.begin<T>();
  return only.type;
}

/// A table that came from another block, handed on as it is.
template <class T>
void write_table(writer& out, const T& what) {
  std::vector<std::string> names;
  columns<T>::each(what, [&](std::size_t, std::string_view name, auto&) { names.emplace_back(name); });
  table_writer table(out, what.rows, names);
  columns<T>::each(what, [&](std::size_t, std::string_view name, auto& column) {
    auto part = [](std::span<unsigned char> bytes) { return table_writer::part{bytes.data(), bytes.size()}; };
    std::optional<table_writer::part> valid, offsets;
    if (column.has_nulls()) valid = part(column.valid_bits());
    if (!column.offsets().empty()) offsets = part(column.offsets());
    table.column(name, column_type_of(column), valid, part(column.raw()), offsets);
  });
}

}  // namespace detail

/// A table under construction: `polyrun::table().add("id", ids).add("name", names)`. Columns are ranges of one length; one of
/// optionals has nulls.
class table {
 public:
  template <std::ranges::input_range Range>
  table& add(std::string name, const Range& items) {
    using item = std::remove_cvref_t<std::ranges::range_value_t<const Range>>;
    detail::column_bytes column;
    column.begin<item>();
    for (const item& one : items) column.add(one);
    if (!columns_.empty() && columns_.front().second.rows != column.rows) {
      throw error("the columns of a table must all have the same length");
    }
    columns_.emplace_back(std::move(name), std::move(column));
    return *this;
  }

  void write_to(detail::writer& out) const {
    std::vector<std::string> names;
    for (auto& [name, column] : columns_) names.push_back(name);
    detail::table_writer table(out, columns_.empty() ? 0 : columns_.front().second.rows, names);
    for (auto& [name, column] : columns_) {
      std::optional<detail::table_writer::part> valid, offsets;
      if (column.has_nulls) valid = detail::part_of(column.valid);
      if (column.is_variable) offsets = detail::part_of(column.offsets);
      table.column(name, column.type, valid, detail::part_of(column.data), offsets);
    }
  }

 private:
  std::vector<std::pair<std::string, detail::column_bytes>> columns_;
};

}  // namespace polyrun

#endif
