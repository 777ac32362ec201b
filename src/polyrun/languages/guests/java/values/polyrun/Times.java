package polyrun;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.Temporal;

/** Dates and times between `java.time` and their text form. Formatters of the JDK are slow to load, so none is used. */
final class Times {
    private Times() {}

    private static int digits(String text, int from, int count) {
        return Integer.parseInt(text.substring(from, from + count));
    }

    static LocalDate date(String text) {
        return LocalDate.of(digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2));
    }

    static LocalTime time(String text) {
        int nanos = 0;
        if (text.length() > 9) {
            nanos = Integer.parseInt((text.substring(9) + "00000000").substring(0, 9));
        }
        return LocalTime.of(digits(text, 0, 2), digits(text, 3, 2), digits(text, 6, 2), nanos);
    }

    /** An `Instant` in UTC, else a `LocalDateTime`, `OffsetDateTime` or `ZonedDateTime`. */
    static Temporal timestamp(String text) {
        int end = 19;
        while (end < text.length() && (text.charAt(end) == '.' || Character.isDigit(text.charAt(end)))) {
            end++;
        }
        LocalDateTime local = LocalDateTime.of(date(text), time(text.substring(11, end)));
        String rest = text.substring(end);
        int bracket = rest.indexOf('[');
        String zone = bracket < 0 ? null : rest.substring(bracket + 1, rest.length() - 1);
        String offset = bracket < 0 ? rest : rest.substring(0, bracket);
        if (offset.isEmpty() && zone == null) {
            return local;
        }
        ZoneOffset away = offset.isEmpty() ? null : ZoneOffset.of(offset);
        if (offset.equals("Z") && zone == null || "UTC".equals(zone)) {
            return local.toInstant(away == null ? ZoneOffset.UTC : away);
        }
        if (zone == null) {
            return OffsetDateTime.of(local, away);
        }
        ZoneId place = zone(zone);
        return away == null ? local.atZone(place) : ZonedDateTime.ofInstant(local, away, place);
    }

    static ZoneId zone(String name) {
        try {
            return ZoneId.of(name);
        } catch (DateTimeException fault) {
            throw new Unsupported("Java does not know the time zone `" + name + "`");
        }
    }

    private static void two(StringBuilder text, int number) {
        text.append((char) ('0' + number / 10)).append((char) ('0' + number % 10));
    }

    static String text(LocalDate date) {
        int year = date.getYear();
        if (year < 1 || year > 9999) {
            throw new Unsupported("its year is " + year + ", and a date is from the years 1 to 9999");
        }
        StringBuilder text = new StringBuilder(10);
        two(text, year / 100);
        two(text, year % 100);
        text.append('-');
        two(text, date.getMonthValue());
        text.append('-');
        two(text, date.getDayOfMonth());
        return text.toString();
    }

    static String text(LocalTime time) {
        StringBuilder text = new StringBuilder(18);
        two(text, time.getHour());
        text.append(':');
        two(text, time.getMinute());
        text.append(':');
        two(text, time.getSecond());
        if (time.getNano() != 0) {
            text.append('.').append(String.valueOf(1_000_000_000 + time.getNano()).substring(1));
            while (text.charAt(text.length() - 1) == '0') {
                text.setLength(text.length() - 1);
            }
        }
        return text.toString();
    }

    static String text(LocalDateTime moment) {
        return text(moment.toLocalDate()) + "T" + text(moment.toLocalTime());
    }

    static String text(Instant moment) {
        try {
            return text(LocalDateTime.ofInstant(moment, ZoneOffset.UTC)) + "Z";
        } catch (DateTimeException fault) {
            throw new Unsupported("it is outside the years 1 to 9999");
        }
    }

    static String text(OffsetDateTime moment) {
        return text(moment.toLocalDateTime()) + text(moment.getOffset());
    }

    static String text(ZonedDateTime moment) {
        String start = text(moment.toLocalDateTime());
        ZoneId zone = moment.getZone();
        if (zone instanceof ZoneOffset) {
            return start + text((ZoneOffset) zone);
        }
        if (zone.getId().equals("UTC")) {
            return start + "Z";
        }
        ZoneOffset offset = moment.getOffset();
        String away = offset.getTotalSeconds() == 0 ? "+00:00" : text(offset);
        return start + away + "[" + zone.getId() + "]";
    }

    /** `Z` or `+01:00`. */
    static String text(ZoneOffset offset) {
        if (offset.getTotalSeconds() % 60 != 0) {
            throw new Unsupported("its zone is not a whole number of minutes from UTC");
        }
        return offset.getId();
    }
}
