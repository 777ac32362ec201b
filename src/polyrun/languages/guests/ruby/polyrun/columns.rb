# frozen_string_literal: true

module PolyRun
  # Makes columns of Ruby's objects.
  module Columns
    MAX_BYTES = (1 << 31) - 1
    DECIMAL_DIGITS = 38

    class << self
      # The column of `values`, which must be of one kind; nil is a missing value.
      def make(name, values)
        return grid(name, values) if values.is_a?(Grid)

        present = values.compact
        kinds = present.map { |value| kind(name, value) }.uniq
        kinds = [:float] if kinds.sort == %i[float int]
        raise Unsupported, "the column `#{name}` mixes #{kinds.sort.join(" and ")}" if kinds.size > 1

        type, data, offsets = send(kinds.first || :str, name, values, present)
        validity = [values.map { |value| value.nil? ? "0" : "1" }.join].pack("b*") if present.size < values.size
        Column.new(name, type, values.size, [validity, data, offsets])
      end

      private

      def grid(name, grid)
        raise Unsupported, "the column `#{name}` is an array of #{grid.shape.size} dimensions" if grid.shape.size != 1
        return make(name, grid.to_a) if grid.dtype == "bool"

        Column.new(name, grid.dtype, grid.size, [nil, grid.data.dup, nil])
      end

      def kind(name, value)
        case value
        when String then value.encoding == Encoding::BINARY ? :bytes : :str
        when Integer then :int
        when Float then :float
        when true, false then :bool
        when Symbol then :str
        when Time then :time
        else
          case value.class.to_s
          when "BigDecimal" then :decimal
          when "Date" then :date
          else raise Unsupported, "the column `#{name}` holds #{value.class}, which no column of a table can"
          end
        end
      end

      def bool(_name, values, _present)
        ["bool", [values.map { |value| value ? "1" : "0" }.join].pack("b*")]
      end

      def int(name, values, _present)
        ["int64", numbers(name, values, 0, "int64")]
      end

      def float(name, values, _present)
        ["float64", numbers(name, values, 0.0, "float64")]
      end

      def numbers(name, values, gap, dtype)
        Grid.pack(values.map { |value| value.nil? ? gap : value }, dtype)
      rescue Unsupported => error
        raise Unsupported, "the column `#{name}`: #{error.message}"
      end

      def str(name, values, _present)
        pieces = values.map do |value|
          text = value.to_s
          text = text.encode(Encoding::UTF_8) unless text.encoding == Encoding::UTF_8
          raise EncodingError unless text.valid_encoding?

          text.b
        end
        variable("str", name, pieces)
      rescue EncodingError
        raise Unsupported, "the column `#{name}` holds text that is not valid"
      end

      def bytes(name, values, _present)
        variable("bytes", name, values.map(&:to_s))
      end

      def variable(type, name, pieces)
        total = 0
        ends = pieces.map { |piece| total += piece.bytesize }
        raise Unsupported, "the column `#{name}` has more than 2 GiB of text" if total > MAX_BYTES

        [type, pieces.join.b, [0, *ends].pack("l<*")]
      end

      def date(_name, values, _present)
        days = values.map { |value| value.nil? ? 0 : Moments.days(value) }
        ["date", days.pack("l<*")]
      end

      def time(name, values, present)
        zones = present.map { |value| Moments.zone_text(value) }.uniq
        raise Unsupported, "the column `#{name}` mixes time zones" if zones.size > 1

        counts = values.map { |value| value.nil? ? 0 : Moments.nanoseconds(value) }
        fine = counts.any? { |count| count % 1000 != 0 }
        counts.map! { |count| count / 1000 } unless fine
        data = Grid.pack(counts, "int64")
        ["timestamp(#{fine ? "ns" : "us"},#{zones.first == "Z" ? "UTC" : zones.first})", data]
      rescue RangeError
        raise Unsupported, "the column `#{name}` has a time that is too far away"
      end

      def decimal(name, values, present)
        scale = present.map { |value| Moments.decimal_parts(value).last }.push(0).max
        whole = values.map do |value|
          number, digits = value.nil? ? [0, 0] : Moments.decimal_parts(value)
          number * 10**(scale - digits)
        end
        precision = whole.map { |number| number.abs.to_s.size }.push(scale, 1).max
        if precision > DECIMAL_DIGITS
          raise Unsupported, "the column `#{name}` needs decimals of more than #{DECIMAL_DIGITS} digits"
        end
        halves = whole.flat_map { |number| [number & 0xffff_ffff_ffff_ffff, number >> 64] }
        ["decimal(#{precision},#{scale})", halves.each_slice(2).map { |pair| pair.pack("Q<q<") }.join]
      end
    end
  end
end
