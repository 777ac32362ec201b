# frozen_string_literal: true

module PolyRun
  # The folder that a block's values are written to. The names of data files begin with `prefix`.
  class Outbox
    NPY_HEAD = 256
    ALIGNMENT = 64
    PAGE = 4096
    MEDIA = {
      ".csv" => "text/csv", ".gif" => "image/gif", ".html" => "text/html", ".jpeg" => "image/jpeg",
      ".jpg" => "image/jpeg", ".json" => "application/json", ".md" => "text/markdown", ".pdf" => "application/pdf",
      ".png" => "image/png", ".svg" => "image/svg+xml", ".txt" => "text/plain"
    }.freeze

    def initialize(folder, prefix)
      @folder = folder
      @prefix = prefix
      @count = 0
    end

    # Numbers in a file of their own, behind the room for its head.
    def numbers(data)
      create(".npy") do |file|
        file.seek(NPY_HEAD)
        file.write(data)
        file.truncate(NPY_HEAD + data.bytesize)
        [NPY_HEAD, data.bytesize]
      end
    end

    # Bytes in a file of their own.
    def bytes(data)
      create(".bin") { |file| [0, file.write(data)] }
    end

    # The columns of a table in a file of their own: for each column, references to its parts.
    def columns(columns)
      return [] if columns.empty?

      room = columns.sum(2048) { |column| 512 + column.name.bytesize }
      at = -(-room / PAGE) * PAGE
      places = nil
      first = create(".arrow") do |file|
        places = columns.flat_map do |column|
          column.parts.map do |part|
            next if part.nil?

            at = -(-at / ALIGNMENT) * ALIGNMENT
            file.seek(at)
            at += file.write(part)
            [at - part.bytesize, part.bytesize]
          end
        end
        file.truncate(at)
        [0, at]
      end
      places.map { |place| place && Ref.new(first.path, *place) }.each_slice(3).to_a
    end

    # A copy of the file at `path`: its name, its media type and where the copy is.
    def file(path)
      name = File.basename(path).dup.force_encoding(Encoding::UTF_8).scrub("_")
      ending = "-#{name.gsub(/[^A-Za-z0-9._-]/, "_").slice(/.{1,100}\z/)}"
      ref = create(ending) { |file| [0, IO.copy_stream(path, file)] }
      [name, MEDIA.fetch(File.extname(name).downcase, "application/octet-stream"), ref]
    rescue SystemCallError => error
      raise Unsupported, "the file `#{path}` cannot be read: #{error.message[/\A[^@-]+/].strip}"
    end

    # Put the complete value file where PolyRun looks for it.
    def save(data)
      part = File.join(@folder, "values.part")
      File.binwrite(part, data)
      File.rename(part, File.join(@folder, "values.cbor"))
    end

    private

    # A new data file whose name ends in `ending`; the block writes it and says where in it the data lies.
    def create(ending)
      name = "#{@prefix}#{@count}#{ending}"
      @count += 1
      place = File.open(File.join(@folder, name), File::WRONLY | File::CREAT | File::EXCL | File::BINARY) do |file|
        yield file
      end
      Ref.new(name, *place)
    end
  end
end
