# frozen_string_literal: true

module PolyRun
  # A column in the layout of Apache Arrow. `parts` are its validity, its data and its offsets: bytes, a `Ref` to bytes,
  # or nil for a part that it has not.
  class Column
    attr_reader :name, :type

    def initialize(name, type, rows, parts)
      @name = name
      @type = type
      @rows = rows
      @parts = parts
    end

    # The bytes of all parts.
    def parts
      @parts.map { |part| part.is_a?(Ref) ? part.bytes : part }
    end

    # All values, nil for what is missing. They are frozen, so that a table is handed on as it was seen.
    def values
      @values ||= read(*parts).freeze
    end

    private

    def read(validity, data, offsets)
      found = present(data, offsets)
      return found if validity.nil?

      valid = bits(validity)
      found.each_index.map { |row| valid[row] ? found[row] : nil }
    end

    # All values, anything at all for what is missing.
    def present(data, offsets)
      base, *inside = type.delete(")").split(/[(,]/)
      case base
      when "bool" then bits(data)
      when "str" then texts(data.dup.force_encoding(Encoding::UTF_8), offsets)
      when "bytes" then texts(data, offsets)
      when "date" then Moments.dates(data.unpack("l<*"))
      when "timestamp" then Moments.timestamps(data.unpack("q<*"), *inside)
      when "decimal" then Moments.decimals(data.unpack("Q<*"), Integer(inside.last, 10))
      else Grid.unpack(data, base)
      end
    end

    def bits(data)
      data.unpack1("b#{@rows}").each_byte.map { |bit| bit == 49 } # "1"
    end

    def texts(data, offsets)
      offsets.unpack("l<*").each_cons(2).map { |start, stop| data.byteslice(start, stop - start).freeze }
    end
  end
end
