# frozen_string_literal: true

module PolyRun
  # Columns of one length.
  #
  # `table["price"]` is a column, an array with nil for what is missing. `each` and `to_a` give rows as hashes, `size`
  # counts them, `to_h` gives all columns. `PolyRun::Table.new` makes one of a hash of columns or an array of rows.
  class Table
    include Enumerable

    # How many rows there are.
    attr_reader :size
    alias length size

    # A table whose columns are there already.
    def self.stored(rows, columns)
      allocate.tap { |table| table.send(:fill, rows, columns) }
    end

    def initialize(values)
      columns = values.is_a?(Hash) ? values : columns_of(values)
      sizes = columns.each_value.map(&:size).uniq
      raise Unsupported, "the columns of a table must all have the same length" if sizes.size > 1

      made = columns.map { |name, items| Columns.make(Table.name_of(name), items) }
      raise Unsupported, "two columns of a table have the same name" if made.map(&:name).uniq.size < made.size

      fill(sizes.first || 0, made)
    end

    # The name of a column as text.
    def self.name_of(name)
      return name.to_s.encode(Encoding::UTF_8) if name.is_a?(String) || name.is_a?(Symbol)

      raise Unsupported, "the names of columns must be texts, and #{name.inspect[0, 40]} is not"
    end

    # The names of the columns.
    def columns
      @stored.keys
    end

    # The type of each column.
    def types
      @stored.transform_values(&:type)
    end

    # The column `name`; nil if there is none.
    def [](name)
      column = @stored[name.to_s]
      column && column.values
    end

    # Yields each row as a hash.
    def each
      return to_enum(:each) { size } unless block_given?

      all = @stored.each_value.map(&:values)
      size.times { |row| yield columns.zip(all.map { |values| values[row] }).to_h }
      self
    end

    # The row at position `row`; nil outside.
    def row(row)
      @stored.transform_values { |column| column.values[row] } if row.between?(-size, size - 1)
    end

    # Every column by its name.
    def to_h
      @stored.transform_values(&:values)
    end

    def ==(other)
      other.is_a?(Table) && types == other.types && to_h == other.to_h
    end

    # The columns themselves, for handing the table on.
    def stored
      @stored.values
    end

    def inspect
      "#<table of #{size} rows: #{types.map { |name, type| "#{name}: #{type}" }.join(", ")}>"
    end
    alias to_s inspect

    private

    def fill(rows, columns)
      @size = rows
      @stored = columns.to_h { |column| [column.name, column] }
    end

    def columns_of(rows)
      unless rows.all? { |row| row.is_a?(Hash) || row.is_a?(Struct) }
        raise Unsupported, "a table is made of hashes, one for each row, and this array holds something else"
      end
      rows = rows.map(&:to_h)
      rows.flat_map(&:keys).uniq.to_h { |name| [name, rows.map { |row| row[name] }] }
    end
  end
end
