# frozen_string_literal: true

module PolyRun
  # A time zone that has a name, in the form that `Time` asks for (see "Timezone Objects" there). What the time is in it
  # the C library knows, which takes the zone from the variable `TZ`.
  class Zone
    DAY = 86_400

    attr_reader :name
    alias to_s name

    @zones = {}

    # The zone called `name` in the IANA database.
    def self.find(name)
      @zones[name] ||= new(name)
    end

    def initialize(name)
      folder = ENV["TZDIR"] || "/usr/share/zoneinfo"
      raise ArgumentError, "this system does not know the time zone #{name}" unless File.file?(File.join(folder, name))

      @name = name
      @offsets = {}
    end

    # The moment so many seconds and nanoseconds after 1970 as a `Time` of this zone.
    def at(seconds, nanoseconds)
      Time.at(seconds, nanoseconds, :nsec, in: self)
    end

    def utc_to_local(time)
      time + offset(time.to_i)
    end

    def local_to_utc(time)
      here { Time.local(time.year, time.mon, time.mday, time.hour, time.min, time.sec) }.utc + time.subsec
    end

    def abbr(time)
      here { Time.at(time.to_i).zone }
    end

    def dst?(time)
      here { Time.at(time.to_i).dst? }
    end

    def inspect
      "#<time zone #{name}>"
    end

    private

    # How many seconds the zone is ahead of UTC. Most days have one answer, which is kept.
    def offset(seconds)
      day = seconds.div(DAY)
      @offsets.fetch(day) do
        first, last = here { [Time.at(day * DAY).utc_offset, Time.at(day * DAY + DAY - 1).utc_offset] }
        next here { Time.at(seconds).utc_offset } if first != last

        @offsets[day] = first
      end
    end

    def here
      before = ENV["TZ"]
      ENV["TZ"] = name
      yield
    ensure
      ENV["TZ"] = before
    end
  end
end
