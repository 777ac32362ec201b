# frozen_string_literal: true

# Loaded before a block, whose copy is started in the source folder and which changes to the document's folder in
# its first line. Output appears as it is printed, and `require_relative` and `__dir__` of the block mean the
# document's folder. They go by the kind of name that Ruby gives to its own methods in Ruby.
$stdout.sync = true

BasicObject.class_eval <<~'RUBY', "<internal:polyrun>", 1
  copy = ::File.join(::Dir.pwd, "")
  folder = ::ARGV.fetch(0)
  ::Kernel.module_eval do
    place = ->(location) do
      path = location.absolute_path
      path.nil? || !path.start_with?(copy) ? path && ::File.dirname(path) : folder
    end
    define_method(:__dir__) { place.(caller_locations(1, 1).first) }
    define_method(:require_relative) do |path|
      base = place.(caller_locations(1, 1).first)
      raise ::LoadError, "cannot infer basepath" if base.nil?
      require(::File.expand_path(path, base))
    end
    private :__dir__, :require_relative
  end
RUBY

# Its stack when time is up, that of a running thread first, and nothing more after it.
trap(:PWR) do
  ::Thread.list.each { |thread| $stderr.puts(thread.status, thread.backtrace.map { |place| "  at #{place}" }, "") }
  ::Process.kill(:KILL, ::Process.pid)
end

require "#{File.dirname(__FILE__)}/polyrun.rb" if ENV.key?("POLYRUN_IN")
