# frozen_string_literal: true

module PolyRun
  # Writes a value file: Ruby's objects as CBOR (RFC 8949) with private tags, large data in files of their own.
  class Writer
    MAX_DEPTH = 64
    MAX_DIGITS = 4300
    PACK_FROM = 32
    INLINE_BYTES = 64 * 1024
    INT64 = (-(1 << 63)..(1 << 63) - 1).freeze
    HINTS = {
      "Set" => "`to_a` of it is a list", "Range" => "`to_a` of it is a list", "Enumerator" => "`to_a` of it is a list",
      "Enumerator::Lazy" => "`to_a` of it is a list", "CSV::Table" => "`map(&:to_h)` of it is a list",
      "Rational" => "`to_f` of it is a float", "OpenStruct" => "`to_h` of it is a map"
    }.freeze

    def initialize(outbox)
      @outbox = outbox
      @depth = 0
    end

    # The bytes of `value`, as its declared type asks for it where Ruby has one thing for two types.
    def encode(value, declared)
      @out = String.new(encoding: Encoding::BINARY)
      kind, inside = declared.to_s.delete(" )").split("(", 2)
      case kind
      when "file" then value.is_a?(String) ? file(value) : value(value)
      when "bytes" then value.is_a?(String) ? bytes(value) : value(value)
      when "str" then value.is_a?(String) ? text(as_text(value)) : value(value)
      when "array" then value.is_a?(Array) ? grid(Grid.new(value, inside && inside.split(",").first)) : value(value)
      when "table" then value.is_a?(Array) || value.is_a?(Hash) ? table(Table.new(value)) : value(value)
      else value(value)
      end
      @out
    end

    # Write everything that the block hands over; the values of `exports` are encoded.
    def save(exports, refused, defined)
      @out = String.new(encoding: Encoding::BINARY)
      head(5, 4)
      text("polyrun")
      integer(1)
      text("exports")
      head(5, exports.size)
      exports.each do |name, encoded|
        text(name)
        @out << encoded
      end
      { "refused" => refused, "defined" => defined }.each do |key, found|
        text(key)
        value(found)
      end
      @outbox.save(@out)
    end

    private

    def value(value)
      case value
      when String then string(value)
      when Integer then integer(value)
      when Float then @out << 0xfb << [value].pack("G")
      when Array then nested { list(value) }
      when Hash then nested { map(value) }
      when nil then @out << 0xf6
      when true then @out << 0xf5
      when false then @out << 0xf4
      when Symbol then text(value.to_s)
      when Grid then grid(value)
      when Table then table(value)
      else object(value)
      end
    end

    # What is not Ruby's core. Classes are told by what is loaded: what is not cannot have made an object.
    def object(value)
      case value
      when Time then tagged(50_505) { text(Moments.timestamp_text(value)) }
      when Struct then nested { map(value.to_h) }
      else library(value)
      end
    end

    def library(value)
      if loaded?(:BigDecimal, value)
        tagged(50_502) { text(Moments.decimal_text(value)) }
      elsif loaded?(:DateTime, value)
        object(Moments.time_of(value))
      elsif loaded?(:Date, value)
        tagged(50_503) { text(Moments.date_text(value)) }
      elsif loaded?(:Pathname, value)
        file(value.to_s)
      elsif defined?(::Data.define) && value.is_a?(::Data)
        nested { map(value.to_h) }
      else
        raise Unsupported, "#{describe(value)} has no form that other languages could read"
      end
    end

    def loaded?(name, value)
      Object.const_defined?(name) && Object.autoload?(name).nil? && Object.const_get(name) === value
    end

    def nested
      @depth += 1
      raise Unsupported, "it is nested deeper than #{MAX_DEPTH} levels, or contains itself" if @depth > MAX_DEPTH

      yield
    ensure
      @depth -= 1 # also when the value is given up and the next one follows
    end

    def list(list)
      format = packed(list)
      return numbers(format == "E*" ? "float64" : "int64", list.pack(format)) if format

      head(4, list.size)
      list.each { |item| value(item) }
    end

    # How the numbers of a list of many are packed; nil if it is no such list.
    def packed(list)
      return if list.size < PACK_FROM

      if list.first.is_a?(Float)
        "E*" if list.all?(Float)
      elsif list.first.is_a?(Integer) && list.all?(Integer)
        "q<*" if list.minmax.all?(INT64)
      end
    end

    def numbers(dtype, data)
      tagged(50_507) do
        head(4, 2)
        text(dtype)
        bytes(data, ".npy")
      end
    end

    def map(map)
      head(5, map.size)
      keys = map.keys.map { |key| key_text(key) }
      raise Unsupported, "two keys of a map have the same text" if keys.uniq.size < keys.size

      keys.zip(map.each_value) do |key, item|
        text(key)
        value(item)
      end
    end

    def key_text(key)
      case key
      when Symbol then utf8(key.to_s)
      when String then key.encoding == Encoding::BINARY ? as_text(key) : utf8(key)
      else raise Unsupported, "the keys of a map must be texts, and #{key.inspect[0, 40]} is not"
      end
    end

    def grid(grid)
      data = grid.data
      tagged(50_508) do
        head(4, 4)
        text(grid.dtype)
        value(grid.shape)
        text(grid.order)
        ref(@outbox.numbers(data))
      end
    end

    def table(table)
      columns = table.stored
      places = @outbox.columns(columns)
      tagged(50_509) do
        head(4, 2)
        integer(table.size)
        head(4, columns.size)
        columns.zip(places) do |column, refs|
          head(4, 5)
          text(column.name)
          text(column.type)
          refs.each { |found| found ? ref(found) : @out << 0xf6 }
        end
      end
    end

    def file(path)
      name, media, copy = @outbox.file(path)
      tagged(50_510) do
        head(4, 3)
        text(name)
        text(media)
        ref(copy)
      end
    end

    def ref(ref)
      tagged(50_500) do
        head(4, 3)
        text(ref.path)
        integer(ref.offset)
        integer(ref.length)
      end
    end

    def string(string)
      string.encoding == Encoding::BINARY ? bytes(string) : text(utf8(string))
    end

    # A byte string, in a file of its own if it is large.
    def bytes(data, ending = ".bin")
      if data.bytesize > INLINE_BYTES
        ref(ending == ".npy" ? @outbox.numbers(data) : @outbox.bytes(data))
      else
        head(2, data.bytesize)
        @out << data.b
      end
    end

    def text(text)
      head(3, text.bytesize)
      @out << text.b
    end

    def utf8(string)
      string = string.encode(Encoding::UTF_8) unless [Encoding::UTF_8, Encoding::US_ASCII].include?(string.encoding)
      raise EncodingError unless string.valid_encoding?

      string
    rescue EncodingError
      raise Unsupported, "it holds text that is not valid #{string.encoding}; bytes are declared as `:bytes`"
    end

    # A string without an encoding as the text that its bytes are.
    def as_text(string)
      utf8(string.encoding == Encoding::BINARY ? string.dup.force_encoding(Encoding::UTF_8) : string)
    end

    def integer(value)
      return head(value.negative? ? 1 : 0, value.negative? ? -1 - value : value) if INT64.cover?(value)

      digits = value.bit_length > MAX_DIGITS * 4 ? nil : value.to_s
      if digits.nil? || digits.delete("-").size > MAX_DIGITS
        raise Unsupported, "it is an int of more than #{MAX_DIGITS} digits"
      end

      tagged(50_501) { text(digits) }
    end

    def tagged(tag)
      head(6, tag)
      yield
    end

    def head(major, number)
      major <<= 5
      if number < 24 then @out << (major | number)
      elsif number < 1 << 8 then @out << [major | 24, number].pack("CC")
      elsif number < 1 << 16 then @out << [major | 25, number].pack("CS>")
      elsif number < 1 << 32 then @out << [major | 26, number].pack("CL>")
      else @out << [major | 27, number].pack("CQ>")
      end
    end

    def describe(value)
      return "the #{value.class.to_s.downcase} `#{value}`" if Module === value

      kind = Kernel.instance_method(:class).bind_call(value).to_s
      hint = HINTS[kind]
      "an object of the class `#{kind}`#{" (#{hint})" if hint}"
    end
  end
end
