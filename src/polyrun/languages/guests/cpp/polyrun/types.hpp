// The types that imported values have where the standard library has none.
#ifndef POLYRUN_TYPES_HPP
#define POLYRUN_TYPES_HPP
#include "wire.hpp"

/// In a struct of your own, also in one inside of a function: the members that others get when it is exported as a map.
#define POLYRUN_FIELDS(...)                                              \
  auto polyrun_fields() const { return std::tie(__VA_ARGS__); }          \
  static constexpr std::string_view polyrun_names() { return #__VA_ARGS__; }

namespace polyrun {

/// Bytes.
using bytes = std::vector<std::uint8_t>;

/// Numbers in a grid: `shape` counts each dimension, `a[i]` is the i-th number as they lie in memory, `a(i, j)` the one at
/// that place, whatever the order. It converts to `std::span`, and copies of it are views of the same numbers.
template <class T>
class array {
 public:
  array() = default;
  array(T* data, std::vector<std::size_t> shape, char order = 'C') : shape(std::move(shape)), order(order), data_(data) {}

  std::vector<std::size_t> shape;
  char order = 'C';

  std::size_t size() const {
    return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
  }
  T* data() const { return data_; }
  T* begin() const { return data_; }
  T* end() const { return data_ + size(); }
  T& operator[](std::size_t n) const { return data_[n]; }
  operator std::span<T>() const { return {data_, size()}; }
  operator std::span<const T>() const requires(!std::is_const_v<T>) { return {data_, size()}; }

  template <std::integral... Index>
  T& operator()(Index... index) const {
    const std::array<std::size_t, sizeof...(Index)> place{static_cast<std::size_t>(index)...};
    if (place.size() != shape.size()) throw error("an array of another number of dimensions");
    std::size_t at = 0;
    for (std::size_t n = 0; n < place.size(); ++n) {
      std::size_t dimension = order == 'F' ? place.size() - 1 - n : n;
      if (place[dimension] >= shape[dimension]) throw error("an index outside an array");
      at = at * shape[dimension] + place[dimension];
    }
    return data_[at];
  }

 private:
  T* data_ = nullptr;
};

/// A column of a table. `c[i]` is its i-th value, `c.is_null(i)` says whether there is none, `c.at(i)` is an optional.
template <class T>
class column {
 public:
  using value_type = T;

  column() = default;
  column(std::size_t rows, std::span<unsigned char> valid, std::span<unsigned char> data, std::span<unsigned char> offsets)
      : rows_(rows), valid_(valid), data_(data), offsets_(offsets) {}

  std::size_t size() const { return rows_; }
  bool is_null(std::size_t n) const { return !valid_.empty() && (valid_[n >> 3] >> (n & 7) & 1) == 0; }
  bool has_nulls() const { return !valid_.empty(); }

  T operator[](std::size_t n) const {
    if constexpr (std::is_same_v<T, bool>) {
      return (data_[n >> 3] >> (n & 7) & 1) != 0;
    } else if constexpr (std::is_same_v<T, std::string_view>) {
      auto from = offset(n), to = offset(n + 1);
      return {reinterpret_cast<const char*>(data_.data()) + from, to - from};
    } else if constexpr (std::is_same_v<T, std::chrono::year_month_day>) {
      return std::chrono::sys_days(std::chrono::days(reinterpret_cast<const std::int32_t*>(data_.data())[n]));
    } else {
      return reinterpret_cast<const T*>(data_.data())[n];
    }
  }

  std::optional<T> at(std::size_t n) const {
    if (n >= rows_) throw error("a row outside a table");
    if (is_null(n)) return std::nullopt;
    return (*this)[n];
  }

  /// All values as they lie in memory; what is null is anything there.
  std::span<const T> span() const requires detail::number<T> && (!std::is_same_v<T, bool>) {
    return {reinterpret_cast<const T*>(data_.data()), rows_};
  }

  class iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    iterator() = default;
    iterator(const column* from, std::size_t n) : from_(from), n_(n) {}
    T operator*() const { return (*from_)[n_]; }
    iterator& operator++() { ++n_; return *this; }
    iterator operator++(int) { auto was = *this; ++n_; return was; }
    bool operator==(const iterator& other) const { return n_ == other.n_; }

   private:
    const column* from_ = nullptr;
    std::size_t n_ = 0;
  };
  iterator begin() const { return {this, 0}; }
  iterator end() const { return {this, rows_}; }

  std::span<unsigned char> valid_bits() const { return valid_; }
  std::span<unsigned char> raw() const { return data_; }
  std::span<unsigned char> offsets() const { return offsets_; }

 private:
  std::size_t offset(std::size_t n) const {
    return static_cast<std::size_t>(reinterpret_cast<const std::int32_t*>(offsets_.data())[n]);
  }

  std::size_t rows_ = 0;
  std::span<unsigned char> valid_, data_, offsets_;
};

/// Values by their keys, in the order in which they came. `m["key"]` is the one of that name, as is `m.at("key")`.
template <class T>
class map {
 public:
  using key_type = std::string;
  using mapped_type = T;
  using value_type = std::pair<std::string, T>;

  map() = default;
  map(std::initializer_list<value_type> entries) {
    for (auto& [key, item] : entries) (*this)[key] = item;
  }

  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  auto begin() { return entries_.begin(); }
  auto end() { return entries_.end(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  auto find(std::string_view key) { return begin() + static_cast<std::ptrdiff_t>(position(key)); }
  auto find(std::string_view key) const { return begin() + static_cast<std::ptrdiff_t>(position(key)); }
  bool contains(std::string_view key) const { return position(key) < size(); }
  std::size_t count(std::string_view key) const { return contains(key) ? 1 : 0; }

  const T& at(std::string_view key) const {
    auto found = find(key);
    if (found == end()) throw error("a map has no key " + std::string(key));
    return found->second;
  }
  const T& operator[](std::string_view key) const { return at(key); }
  T& operator[](std::string_view key) {
    auto [found, added] = positions_.try_emplace(std::string(key), size());
    if (added) entries_.emplace_back(found->first, T{});
    return entries_[found->second].second;
  }
  operator std::map<std::string, T>() const { return {begin(), end()}; }
  bool operator==(const map& other) const { return entries_ == other.entries_; }

 private:
  std::size_t position(std::string_view key) const {
    auto found = positions_.find(std::string(key));
    return found == positions_.end() ? size() : found->second;
  }

  std::vector<value_type> entries_;
  std::unordered_map<std::string, std::size_t> positions_;
};

/// Any value: what a list with items of different types holds. `get<T>()` gives it as `T`, or throws.
class value {
 public:
  using list = std::vector<value>;
  using map = std::vector<std::pair<std::string, value>>;
  using variant = std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, bytes, list, map>;

  value(std::nullptr_t = nullptr) {}
  value(std::string text) : data_(std::move(text)) {}
  value(bytes data) : data_(std::move(data)) {}
  value(list items) : data_(std::move(items)) {}
  value(map entries) : data_(std::move(entries)) {}
  template <class T> requires detail::is_text<T>
  value(const T& text) : data_(std::string(std::string_view(text))) {}
  template <class T> requires std::is_arithmetic_v<T>
  value(T number) {
    if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, double>) data_ = number;
    else if constexpr (std::is_floating_point_v<T>) data_ = static_cast<double>(number);
    else if (std::in_range<std::int64_t>(number)) data_ = static_cast<std::int64_t>(number);
    else throw error("an integer that is too large for a value");
  }

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(data_); }
  template <class T> bool is() const { return std::holds_alternative<T>(data_); }
  template <class T> const T& get() const { return std::get<T>(data_); }
  const variant& data() const { return data_; }

  const value& operator[](std::size_t n) const { return get<list>().at(n); }
  const value& operator[](std::string_view key) const {
    for (auto& [name, item] : get<map>()) if (name == key) return item;
    throw error("a map has no key " + std::string(key));
  }
  bool operator==(const value&) const = default;

 private:
  variant data_ = nullptr;
};

namespace detail {

/// What PolyRun generates for the fields of a map: `each(v, f)` calls `f(key, member)` for every one.
template <class T>
struct record;

/// The same for a struct that says its fields by `POLYRUN_FIELDS`.
template <class T>
  requires requires(const T& v) { T::polyrun_names(); v.polyrun_fields(); }
struct record<T> {
  template <class F>
  static void each(const T& v, F f) {
    std::string_view rest = T::polyrun_names();
    auto next = [&] {
      auto name = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), name.size() + 1));
      rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(' ')));
      return name.substr(0, name.find(' '));
    };
    std::apply([&](auto&... members) { (f(next(), members), ...); }, v.polyrun_fields());
  }
};

/// What PolyRun generates for the columns of a table: `each(v, f)` calls `f(position, name, member)` for every one.
template <class T>
struct columns;

template <class T>
concept is_record = requires(T& v) { record<T>::each(v, [](auto, auto&) {}); };
template <class T>
concept is_table = requires(T& v) { columns<T>::each(v, [](auto, auto, auto&) {}); };

}  // namespace detail

/// The base of a record whose fields all have one type: `r["key"]` is the field of that name, `r.items()` are all.
template <class Self, class T>
struct uniform {
  const T& operator[](std::string_view key) const {
    const T* found = nullptr;
    detail::record<Self>::each(static_cast<const Self&>(*this), [&](std::string_view name, const T& member) {
      if (name == key) found = &member;
    });
    if (found == nullptr) throw error("a map has no key " + std::string(key));
    return *found;
  }
  std::vector<std::pair<std::string, T>> items() const {
    std::vector<std::pair<std::string, T>> all;
    detail::record<Self>::each(static_cast<const Self&>(*this), [&](std::string_view name, const T& member) {
      all.emplace_back(name, member);
    });
    return all;
  }
};

}  // namespace polyrun

#endif
