package polyrun;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;

/** A column as it is stored: its type in words, and its bytes. */
final class Part {
    final String name;
    final String type;
    final int rows;
    final ByteBuffer valid;
    final ByteBuffer data;
    final ByteBuffer offsets;
    /** The type without what stands in brackets, and the parts of that. */
    final String base;
    private final String[] inside;

    Part(String name, String type, int rows, ByteBuffer valid, ByteBuffer data, ByteBuffer offsets) {
        this.name = name;
        this.type = type;
        this.rows = rows;
        this.valid = valid;
        this.data = data.order(ByteOrder.LITTLE_ENDIAN);
        this.offsets = offsets == null ? null : offsets.order(ByteOrder.LITTLE_ENDIAN);
        int bracket = type.indexOf('(');
        base = bracket < 0 ? type : type.substring(0, bracket);
        inside = bracket < 0 ? new String[0] : type.substring(bracket + 1, type.length() - 1).split(",");
    }

    Part named(String other) {
        return new Part(other, type, rows, valid, data, offsets);
    }

    boolean isNull(int row) {
        if (row < 0 || row >= rows) {
            throw new IndexOutOfBoundsException("row " + row + " of a table with " + rows + " rows");
        }
        return valid != null && !bit(valid, row);
    }

    static boolean bit(ByteBuffer bits, int n) {
        return (bits.get(n >> 3) >> (n & 7) & 1) != 0;
    }

    /** Refuses to give the value of a row that has none as a number. */
    void present(int row) {
        if (isNull(row)) {
            throw new NullPointerException("row " + row + " of the column `" + name + "` is null");
        }
    }

    /** The value of a row as an object; what it is for null is anything. */
    Object value(int row) {
        switch (base) {
            case "str":
                return new String(piece(row), StandardCharsets.UTF_8);
            case "bytes":
                return piece(row);
            case "date":
                return LocalDate.ofEpochDay(data.getInt(row << 2));
            case "time":
                return LocalTime.ofNanoOfDay(data.getLong(row << 3) * (1_000_000_000 / scale()));
            case "duration":
                return span(data.getLong(row << 3));
            case "timestamp":
                return moment(data.getLong(row << 3));
            default:
                return decimal(row << 4);
        }
    }

    private byte[] piece(int row) {
        int start = offsets.getInt(row << 2);
        byte[] bytes = new byte[offsets.getInt((row + 1) << 2) - start];
        ByteBuffer from = data.duplicate();
        from.position(start);
        from.get(bytes);
        return bytes;
    }

    /** How many of its unit are a second. */
    private long scale() {
        return inside[0].equals("ns") ? 1_000_000_000 : 1_000_000;
    }

    private Duration span(long count) {
        long scale = scale();
        return Duration.ofSeconds(Math.floorDiv(count, scale), Math.floorMod(count, scale) * (1_000_000_000 / scale));
    }

    private Object moment(long count) {
        Duration since = span(count);
        if (inside.length == 1) {
            return LocalDateTime.ofEpochSecond(since.getSeconds(), since.getNano(), ZoneOffset.UTC);
        }
        Instant moment = Instant.ofEpochSecond(since.getSeconds(), since.getNano());
        String zone = inside[1];
        if (zone.equals("UTC")) {
            return moment;
        }
        boolean isOffset = zone.startsWith("+") || zone.startsWith("-");
        return isOffset
                ? OffsetDateTime.ofInstant(moment, ZoneOffset.of(zone))
                : ZonedDateTime.ofInstant(moment, Times.zone(zone));
    }

    private BigDecimal decimal(int at) {
        byte[] bytes = new byte[16];
        for (int n = 0; n < 16; n++) {
            bytes[n] = data.get(at + 15 - n);
        }
        return new BigDecimal(new BigInteger(bytes), Integer.parseInt(inside[1]));
    }
}
