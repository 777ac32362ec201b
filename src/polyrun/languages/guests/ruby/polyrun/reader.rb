# frozen_string_literal: true

module PolyRun
  # Reads a value file, CBOR (RFC 8949) with private tags, and makes Ruby's own objects of what it holds.
  class Reader
    TAGS = {
      50_500 => :bytes, 50_501 => :integer, 50_502 => :decimal, 50_503 => :date, 50_505 => :timestamp,
      50_507 => :numbers, 50_508 => :array, 50_509 => :table, 50_510 => :file
    }.freeze
    SIMPLE = { 0xf4 => false, 0xf5 => true, 0xf6 => nil }.freeze
    SIZES = { 24 => [1, "C"], 25 => [2, "S>"], 26 => [4, "L>"], 27 => [8, "Q>"] }.freeze
    PACKED = { "int64" => "q<*", "float64" => "E*" }.freeze

    def initialize(folder)
      @folder = folder
      @data = File.binread(File.join(folder, "values.cbor"))
      @at = 0
    end

    # The next value.
    def value
      first = @data.getbyte(@at)
      return float if first == 0xfb

      number = head
      case first >> 5
      when 0 then number
      when 1 then -1 - number
      when 2 then take(number)
      when 3 then take(number).force_encoding(Encoding::UTF_8)
      when 4 then Array.new(number) { value }
      when 5 then map(number)
      when 6 then send(TAGS.fetch(number))
      else SIMPLE.fetch(first)
      end
    end

    private

    # The number in the next head, whose major type has been looked at.
    def head
      info = @data.getbyte(@at) & 31
      @at += 1
      return info if info < 24

      size, format = SIZES.fetch(info)
      take(size).unpack1(format)
    end

    def take(length)
      @at += length
      @data.byteslice(@at - length, length)
    end

    def float
      @at += 1
      take(8).unpack1("G")
    end

    def map(count)
      found = {}
      count.times do
        key = value
        found[key] = value
      end
      found
    end

    # The reference that comes next, tag and all; nil for a null.
    def ref
      return value if @data.getbyte(@at) == 0xf6

      head
      ref_inside
    end

    def ref_inside
      head
      Ref.new(File.join(@folder, value), value, value)
    end

    def bytes
      ref_inside.bytes
    end

    def integer
      Integer(value, 10)
    end

    def decimal
      Moments.decimal(value)
    end

    def date
      Moments.date(value)
    end

    def timestamp
      Moments.timestamp(value)
    end

    def numbers
      head
      format = PACKED.fetch(value)
      value.unpack(format) # a byte string, or a reference, which is read
    end

    def array
      head
      Grid.stored(value, value, value, ref)
    end

    def table
      head
      rows = value
      columns = Array.new(head) do
        head
        Column.new(value, value, rows, [ref, ref, ref])
      end
      Table.stored(rows, columns)
    end

    def file
      require "pathname"
      head
      2.times { value }
      Pathname.new(ref.path)
    end
  end
end
