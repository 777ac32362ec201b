# frozen_string_literal: true

module PolyRun
  # Numbers of one type in a grid of any number of dimensions.
  #
  # `grid[1, 2]` is a number, `to_a` gives nested arrays, `numbers` all numbers in the order they are stored in, and
  # `data` their bytes. `PolyRun::Grid.new([[1, 2], [3, 4]], "int32")` makes one; without a type it has int64, float64
  # or bool, whichever the numbers are.
  class Grid
    include Enumerable

    FORMATS = {
      "bool" => "C", "int8" => "c", "int16" => "s<", "int32" => "l<", "int64" => "q<", "uint8" => "C",
      "uint16" => "S<", "uint32" => "L<", "uint64" => "Q<", "float32" => "e", "float64" => "E"
    }.freeze
    WIDTHS = {
      "bool" => 1, "int8" => 1, "int16" => 2, "int32" => 4, "int64" => 8, "uint8" => 1, "uint16" => 2, "uint32" => 4,
      "uint64" => 8, "float32" => 4, "float64" => 8
    }.freeze
    MAX_FLOAT32 = 3.4028234663852886e38

    attr_reader :dtype, :shape, :order

    class << self
      # A grid whose numbers lie in the data file that `ref` names.
      def stored(dtype, shape, order, ref)
        allocate.tap { |grid| grid.send(:fill, dtype, shape, order, ref) }
      end

      # `numbers`, all of one type, one after another.
      def pack(numbers, dtype)
        case dtype
        when "bool" then truths(numbers)
        when "float32", "float64" then floats(numbers, dtype)
        else integers(numbers, dtype)
        end
      end

      # `data` as numbers of the type `dtype`.
      def unpack(data, dtype)
        numbers = data.unpack("#{FORMATS.fetch(dtype)}*")
        dtype == "bool" ? numbers.map { |number| number != 0 } : numbers
      end

      # The type that an array of `numbers` has if nothing is said of it.
      def dtype_of(numbers)
        case numbers.first
        when Integer then numbers.all?(Integer) ? "int64" : "float64"
        when true, false then "bool"
        else "float64"
        end
      end

      private

      def truths(numbers)
        bad = numbers.find { |number| true != number && false != number }
        raise Unsupported, "an array of bool holds true and false only, not #{bad.inspect[0, 40]}" unless bad.nil?
        raise Unsupported, "an array of bool holds true and false only, not nil" if numbers.include?(nil)

        numbers.map { |number| number ? 1 : 0 }.pack("C*")
      end

      def floats(numbers, dtype)
        unless numbers.all?(Float)
          numbers.each do |number|
            next if number.is_a?(Float)
            next if number.is_a?(Integer) && number.to_f == number

            raise Unsupported, "#{number.inspect[0, 40]} does not fit into an array of #{dtype}"
          end
        end
        big = numbers.find { |number| number.abs > MAX_FLOAT32 && number.abs != Float::INFINITY } if dtype == "float32"
        raise Unsupported, "#{big} does not fit into an array of float32" if big

        numbers.pack("#{FORMATS[dtype]}*")
      end

      def integers(numbers, dtype)
        bits = WIDTHS[dtype] * 8
        range = dtype.start_with?("u") ? 0..(1 << bits) - 1 : -(1 << bits - 1)..(1 << bits - 1) - 1
        unless numbers.all?(Integer) && (numbers.empty? || numbers.minmax.all?(range))
          bad = numbers.find { |number| !number.is_a?(Integer) || !range.cover?(number) }
          raise Unsupported, "#{bad.inspect[0, 40]} does not fit into an array of #{dtype}"
        end
        numbers.pack("#{FORMATS[dtype]}*")
      end
    end

    def initialize(numbers, dtype = nil, shape: nil, order: "C")
      unless dtype.nil? || FORMATS.key?(dtype.to_s)
        raise Unsupported, "`#{dtype}` is no type of numbers; known are #{FORMATS.keys.join(", ")}"
      end
      raise Unsupported, "the order of an array is C or F, not `#{order}`" unless %w[C F].include?(order)

      flat, found = shape.nil? ? flatten(numbers) : [numbers, shape]
      if found.inject(1, :*) != flat.size
        raise Unsupported, "the shape #{found.join(" x ")} does not fit #{flat.size} numbers"
      end
      dtype = dtype.nil? ? Grid.dtype_of(flat) : dtype.to_s
      fill(dtype, found, order, Grid.pack(flat, dtype))
    end

    # How many numbers there are.
    def size
      shape.inject(1, :*)
    end
    alias length size

    # The bytes of all numbers, little-endian.
    def data
      @data = @data.bytes if @data.is_a?(Ref)
      @data
    end

    # All numbers, in the order they are stored in.
    def numbers
      Grid.unpack(data, dtype)
    end

    # The number at `index`, one position for each dimension; nil outside.
    def [](*index)
      at = position(index)
      at && Grid.unpack(data.byteslice(at * width, width), dtype).first
    end

    # Put `number` at `index`.
    def []=(*index, number)
      at = position(index)
      raise IndexError, "#{index} is outside an array of #{shape.join(" x ")}" if at.nil?

      data[at * width, width] = Grid.pack([number], dtype)
    end

    # The numbers as nested arrays, the first index outermost.
    def to_a
      found = numbers
      return found if shape.size == 1
      return found.first if shape.empty?

      order == "C" ? nest(found, shape) : nest_first_fastest(found, shape)
    end

    # Yields what `to_a` holds.
    def each(&block)
      return to_enum(:each) { shape.first } if block.nil?

      to_a.each(&block)
      self
    end

    def ==(other)
      other.is_a?(Grid) && dtype == other.dtype && shape == other.shape && to_a == other.to_a
    end

    def inspect
      "#<array of #{dtype}, #{shape.join(" x ")}>"
    end
    alias to_s inspect

    private

    def initialize_copy(other)
      fill(other.dtype, other.shape.dup, other.order, other.data.dup)
    end

    def fill(dtype, shape, order, data)
      @dtype = dtype
      @shape = shape.freeze
      @order = order
      @data = data
    end

    def width
      WIDTHS[dtype]
    end

    def position(index)
      raise IndexError, "#{index.size} indexes for #{shape.size} dimensions" if index.size != shape.size

      at = 0
      pairs = index.zip(shape)
      (order == "C" ? pairs : pairs.reverse).each do |one, length|
        return nil unless one.between?(-length, length - 1)

        at = at * length + one % length
      end
      at
    end

    def nest(flat, shape)
      shape.drop(1).reverse.inject(flat) { |rows, length| length.zero? ? rows : rows.each_slice(length).to_a }
           .then { |rows| flat.empty? ? empty(shape) : rows }
    end

    def nest_first_fastest(flat, shape)
      return empty(shape) if flat.empty?

      shape[0..-2].inject(flat) { |rows, length| rows.each_slice(length).to_a }.then { |rows| turn(rows, shape.size) }
    end

    # Nested arrays with the last index outermost, turned so that it is the innermost.
    def turn(rows, depth)
      return rows if depth == 1

      rows.map { |row| turn(row, depth - 1) }.then { |done| gather(done, depth - 1) }
    end

    def gather(slices, depth)
      return slices if depth.zero?

      slices.transpose.map { |one| gather(one, depth - 1) }
    end

    def empty(shape)
      shape.size == 1 ? [] : Array.new(shape.first) { empty(shape.drop(1)) }
    end

    def flatten(nested)
      shape = []
      level = nested
      while level.is_a?(Array)
        shape << level.size
        level = level.first
      end
      flat = nested
      shape.drop(1).each do |length|
        unless flat.all? { |row| row.is_a?(Array) && row.size == length }
          raise Unsupported, "it is no array: the lists in it do not all have the same length"
        end
        flat = flat.flatten(1)
      end
      [flat, shape]
    end
  end
end
