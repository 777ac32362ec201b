# frozen_string_literal: true

# Values between blocks: what others export becomes variables, and variables become what they import. Loaded only for a
# block that imports or exports; see docs/value-files.md for what lies in its two folders.
module PolyRun
  # A value that cannot be exported; the message says why, and is shown to the user.
  class Unsupported < ArgumentError; end

  # Bytes of a data file, read when they are needed.
  Ref = Struct.new(:path, :offset, :length) do
    def bytes
      length.zero? ? "".b : File.binread(path, length, offset)
    end
  end

  %w[Column Columns Grid Moments Outbox Reader Table Writer Zone].each do |name|
    autoload name, "#{__dir__}/polyrun/#{name.downcase}.rb"
  end

  @pid = Process.pid

  class << self
    # The imported value `name`.
    def [](name)
      @imports.fetch(name)
    end

    # Called on the line before the block's first, whose variables are those of `binding`.
    def open(binding)
      @binding = binding
      facts = Reader.new(ENV.fetch("POLYRUN_IN")).value
      @imports = facts["imports"]
      @exports = facts["exports"]
      @prefix = facts["prefix"]
    end

    # What runs last when the block ends. A child that it has forked has nothing to hand over, nor has one that failed.
    def finish(error)
      return if @exports.nil? || @exports.empty? || Process.pid != @pid
      return unless error.nil? || (error.is_a?(SystemExit) && error.success?)

      hand_over(left: !error.nil?)
    end

    private

    def hand_over(left:)
      writer = Writer.new(Outbox.new(ENV.fetch("POLYRUN_OUT"), @prefix))
      exports = {}
      refused = {}
      @exports.each do |name, declared|
        variable(name, left) { |value| exports[name] = writer.encode(value, declared) }
      rescue Unsupported => error
        refused[name] = error.message
      end
      writer.save(exports, refused, exports.size + refused.size < @exports.size ? defined_names : [])
    end

    # Yields the value of the block's variable `name` if it has one: a local variable or a constant, else the instance
    # or global variable of that name. A local variable that was never set is nil, as Ruby has it.
    def variable(name, left)
      if name.match?(/\A[A-Z]/)
        yield Object.const_get(name) if Object.const_defined?(name)
      elsif @binding.local_variable_defined?(name)
        value = @binding.local_variable_get(name)
        if left && value.nil?
          raise Unsupported, "it is nil, and as the block left through `exit`, it may never have been set"
        end
        yield value
      elsif @binding.receiver.instance_variable_defined?("@#{name}")
        yield @binding.receiver.instance_variable_get("@#{name}")
      elsif global_variables.include?(:"$#{name}")
        yield @binding.eval("$#{name}")
      end
    end

    def defined_names
      (@binding.local_variables.map(&:to_s) - @imports.keys).reject { |name| name.start_with?("_") }.sort.first(100)
    end
  end

  at_exit { finish($!) } # the first one registered is the last one called
end
