# frozen_string_literal: true

module PolyRun
  # Decimals, dates and times between their text forms, their forms in columns, and Ruby's objects.
  module Moments
    STAMP = /\A(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?(?:\[(.+)\])?\z/.freeze
    REFORM = 1582 # until this year `Date` counts by the Julian calendar unless it is told not to
    YEARS = (1..9999).freeze
    BILLION = 1_000_000_000
    PLAIN_EXPONENTS = (-100..100).freeze

    @texts = {}.compare_by_identity # of imported decimals: `1.10` and `1.1` are one BigDecimal

    class << self
      def decimal(text)
        require "bigdecimal"
        value = BigDecimal(text)
        @texts[value] = text
        value
      end

      def decimal_text(value)
        @texts.fetch(value) do
          number, scale = decimal_parts(value)
          sign = value.sign.negative? ? "-" : ""
          digits = number.abs.to_s
          next "#{sign}#{digits}#{"E#{-scale}" unless scale.zero?}" unless PLAIN_EXPONENTS.cover?(scale)
          next "#{sign}#{digits}#{"0" * -scale}" if scale <= 0

          digits = digits.rjust(scale + 1, "0")
          "#{sign}#{digits[0...-scale]}.#{digits[-scale..-1]}"
        end
      end

      # An integer and how many of its digits stand behind the point.
      def decimal_parts(value)
        raise Unsupported, "the decimal #{value} is no number" unless value.finite?

        sign, digits, _base, exponent = value.split
        digits == "0" ? [0, 0] : [sign * Integer(digits, 10), digits.size - exponent]
      end

      def decimals(halves, scale)
        require "bigdecimal"
        halves.each_slice(2).map do |low, high|
          high -= 1 << 64 if high >= 1 << 63
          BigDecimal("#{high << 64 | low}e-#{scale}")
        end
      end

      def date(text)
        require "date"
        year, month, day = text.split("-").map { |part| Integer(part, 10) }
        Date.new(year, month, day, year > REFORM ? Date::ITALY : Date::GREGORIAN)
      end

      def date_text(value)
        day = value.new_start(Date::GREGORIAN)
        raise Unsupported, "its year, #{day.year}, is not between 1 and 9999" unless YEARS.cover?(day.year)

        day.strftime("%Y-%m-%d")
      end

      def dates(days)
        require "date"
        start = Date.new(1970, 1, 1)
        days.map do |count|
          day = start + count
          day.year > REFORM ? day : day.new_start(Date::GREGORIAN)
        end
      end

      # Days since 1970-01-01.
      def days(value)
        date_text(value)
        value.jd - 2_440_588
      end

      def timestamp(text)
        *parts, fraction, offset, zone = STAMP.match(text).captures
        year, month, day, hour, minute, second = parts.map { |part| Integer(part, 10) }
        nanoseconds = Integer((fraction || "").ljust(9, "0"), 10)
        seconds = second + Rational(nanoseconds, BILLION)
        if zone.nil? && offset == "Z" || zone == "UTC" && [nil, "Z"].include?(offset)
          Time.utc(year, month, day, hour, minute, seconds)
        elsif zone.nil? || offset && zone == "UTC"
          Time.new(year, month, day, hour, minute, seconds, offset)
        elsif offset.nil?
          Time.new(year, month, day, hour, minute, seconds, Zone.find(zone))
        else
          moment = Time.new(year, month, day, hour, minute, second, offset.sub("Z", "+00:00"))
          Zone.find(zone).at(moment.to_i, nanoseconds)
        end
      end

      def timestamps(counts, unit, zone)
        unit = unit == "ns" ? BILLION : 1_000_000
        small = unit == BILLION ? :nsec : :usec
        return counts.map { |count| Time.at(*count.divmod(unit), small).utc } if zone == "UTC"
        return counts.map { |count| Time.at(*count.divmod(unit), small, in: zone) } if zone.match?(/\A[+-]/)

        place = Zone.find(zone)
        counts.map do |count|
          seconds, rest = count.divmod(unit)
          place.at(seconds, rest * (BILLION / unit))
        end
      end

      # A DateTime as a Time.
      def time_of(value)
        value.new_start(Date::GREGORIAN).to_time
      end

      def timestamp_text(value)
        raise Unsupported, "its year, #{value.year}, is not between 1 and 9999" unless YEARS.cover?(value.year)

        fraction = (nanoseconds(value) % BILLION).to_s.rjust(9, "0").sub(/0+\z/, "")
        zone = zone_text(value)
        text = value.strftime("%Y-%m-%dT%H:%M:%S") + (fraction.empty? ? "" : ".#{fraction}")
        return text + zone if zone.match?(/\A[Z+-]/)

        "#{text}#{offset_text(value)}[#{zone}]"
      end

      # Where a time is: `Z`, an offset, or the name of a zone.
      def zone_text(value)
        return "Z" if value.utc?
        return value.zone.name if value.zone.respond_to?(:name)

        offset = offset_text(value)
        offset == "+00:00" ? "Z" : offset
      end

      # Nanoseconds since 1970-01-01T00:00:00Z.
      def nanoseconds(value)
        count = value.to_r * BILLION
        return count.numerator if count.denominator == 1

        raise Unsupported, "it is a time finer than nanoseconds; `x.round(9)` is not"
      end

      private

      def offset_text(value)
        return value.strftime("%:z") if (value.utc_offset % 60).zero?

        raise Unsupported, "its zone is not a whole number of minutes from UTC"
      end
    end
  end
end
