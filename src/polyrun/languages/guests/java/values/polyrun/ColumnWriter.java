package polyrun;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Collection;

/** From an array or a collection to the column of a table. */
final class ColumnWriter {
    private static final int MAX_PRECISION = 38;

    private final String name;

    ColumnWriter(String name) {
        this.name = name;
    }

    private Unsupported mixed(Object one) {
        return new Unsupported("the column `" + name + "` mixes types: one value of it is " + Encoder.told(one));
    }

    Part part(Object values) {
        if (values instanceof Column) {
            return ((Column<?>) values).part.named(name);
        }
        if (values instanceof boolean[]) {
            boolean[] all = (boolean[]) values;
            ByteBuffer bits = buffer((all.length + 7) >> 3);
            for (int n = 0; n < all.length; n++) {
                bit(bits, n, all[n]);
            }
            return new Part(name, "bool", all.length, null, bits, null);
        }
        if (values instanceof Array || values != null && values.getClass().isArray() && !(values instanceof Object[])) {
            Numbers numbers = Numbers.of(values);
            if (numbers.shape.length != 1) {
                throw new Unsupported("the column `" + name + "` is an array of several dimensions");
            }
            return new Part(name, numbers.dtype.name(), numbers.shape[0], null, numbers.bytes(), null);
        }
        if (values instanceof Collection) {
            return objects(((Collection<?>) values).toArray());
        }
        if (values instanceof Object[]) {
            return objects((Object[]) values);
        }
        String found = values == null ? "null" : Encoder.told(values);
        throw new Unsupported("the column `" + name + "` is " + found + ", not an array or a collection");
    }

    private Part objects(Object[] all) {
        Object first = null;
        ByteBuffer valid = buffer((all.length + 7) >> 3);
        boolean hasNulls = false;
        for (int n = 0; n < all.length; n++) {
            bit(valid, n, all[n] != null);
            hasNulls |= all[n] == null;
            first = first == null ? all[n] : first;
        }
        Part made = column(all, first);
        return hasNulls ? new Part(name, made.type, made.rows, valid, made.data, made.offsets) : made;
    }

    private Part column(Object[] all, Object first) {
        if (first == null || first instanceof CharSequence || first instanceof byte[]) {
            return pieces(all, first instanceof byte[]);
        }
        if (first instanceof Boolean) {
            ByteBuffer bits = buffer((all.length + 7) >> 3);
            for (int n = 0; n < all.length; n++) {
                bit(bits, n, all[n] != null && typed(all[n], Boolean.class));
            }
            return new Part(name, "bool", all.length, null, bits, null);
        }
        if (first instanceof BigDecimal) {
            return decimals(all);
        }
        if (first instanceof LocalDate) {
            ByteBuffer days = buffer(4L * all.length);
            for (Object one : all) {
                days.putInt(one == null ? 0 : (int) typed(one, LocalDate.class).toEpochDay());
            }
            return new Part(name, "date", all.length, null, days.rewind(), null);
        }
        if (first instanceof Number) {
            return numbers(all, first instanceof Double || first instanceof Float);
        }
        return times(all, first);
    }

    private Part numbers(Object[] all, boolean isReal) {
        ByteBuffer data = buffer(8L * all.length);
        for (Object one : all) {
            if (isReal) {
                if (one != null && !(one instanceof Double || one instanceof Float)) {
                    throw mixed(one);
                }
                data.putDouble(one == null ? 0 : ((Number) one).doubleValue());
            } else {
                data.putLong(one == null ? 0 : whole(one));
            }
        }
        return new Part(name, isReal ? "float64" : "int64", all.length, null, data.rewind(), null);
    }

    private long whole(Object one) {
        if (one instanceof Long || one instanceof Integer || one instanceof Short || one instanceof Byte) {
            return ((Number) one).longValue();
        }
        if (!(one instanceof BigInteger)) {
            throw mixed(one);
        }
        if (((BigInteger) one).bitLength() > 63) {
            throw new Unsupported("the column `" + name + "` holds an integer of more than 64 bits");
        }
        return ((BigInteger) one).longValue();
    }

    private Part pieces(Object[] all, boolean isBytes) {
        byte[][] pieces = new byte[all.length][];
        ByteBuffer offsets = buffer(4L * all.length + 4).putInt(0);
        long total = 0;
        for (int n = 0; n < all.length; n++) {
            if (all[n] == null) {
                pieces[n] = new byte[0];
            } else if (isBytes) {
                pieces[n] = typed(all[n], byte[].class);
            } else {
                pieces[n] = Writer.utf8(typed(all[n], CharSequence.class).toString());
            }
            total += pieces[n].length;
            if (total > Integer.MAX_VALUE) {
                throw new Unsupported("the column `" + name + "` has more than 2 GiB of text");
            }
            offsets.putInt((int) total);
        }
        ByteBuffer data = buffer(total);
        for (byte[] piece : pieces) {
            data.put(piece);
        }
        return new Part(name, isBytes ? "bytes" : "str", all.length, null, data.rewind(), offsets.rewind());
    }

    private Part decimals(Object[] all) {
        int scale = 0;
        for (Object one : all) {
            scale = one == null ? scale : Math.max(scale, typed(one, BigDecimal.class).scale());
        }
        ByteBuffer data = buffer(16L * all.length);
        for (int n = 0; n < all.length; n++) {
            BigDecimal number = all[n] == null ? BigDecimal.ZERO : (BigDecimal) all[n];
            if (scale > MAX_PRECISION || number.setScale(scale).precision() > MAX_PRECISION) {
                throw new Unsupported("the column `" + name + "` holds decimals of more than 38 digits");
            }
            byte[] bytes = number.setScale(scale).unscaledValue().toByteArray();
            for (int k = 0; k < 16; k++) {
                data.put(k < bytes.length ? bytes[bytes.length - 1 - k] : (byte) (bytes[0] >> 7));
            }
        }
        return new Part(name, "decimal(38," + scale + ")", all.length, null, data.rewind(), null);
    }

    /** Times of day, moments and durations: as microseconds, or as nanoseconds where one of them is that exact. */
    private Part times(Object[] all, Object first) {
        Duration[] since = new Duration[all.length];
        boolean isExact = false;
        String zone = null;
        for (int n = 0; n < all.length; n++) {
            if (all[n] == null) {
                since[n] = Duration.ZERO;
                continue;
            }
            if (all[n].getClass() != first.getClass()) {
                throw mixed(all[n]);
            }
            since[n] = since(all[n]);
            isExact |= since[n].getNano() % 1000 != 0;
            String own = zone(all[n]);
            if (zone != null && !zone.equals(own)) {
                throw new Unsupported("the column `" + name + "` mixes time zones");
            }
            zone = own;
        }
        ByteBuffer data = buffer(8L * all.length);
        long scale = isExact ? 1_000_000_000 : 1_000_000;
        try {
            for (Duration one : since) {
                long whole = Math.multiplyExact(one.getSeconds(), scale);
                data.putLong(Math.addExact(whole, one.getNano() / (1_000_000_000 / scale)));
            }
        } catch (ArithmeticException fault) {
            throw new Unsupported("the column `" + name + "` holds a time too far away to count its nanoseconds");
        }
        String unit = isExact ? "(ns" : "(us";
        String base = first instanceof LocalTime ? "time" : first instanceof Duration ? "duration" : "timestamp";
        String type = base + unit + (zone.isEmpty() ? "" : "," + zone) + ")";
        return new Part(name, type, all.length, null, data.rewind(), null);
    }

    private Duration since(Object one) {
        if (one instanceof Duration) {
            return (Duration) one;
        }
        if (one instanceof LocalTime) {
            return Duration.ofNanos(((LocalTime) one).toNanoOfDay());
        }
        Instant moment;
        if (one instanceof Instant) {
            moment = (Instant) one;
        } else if (one instanceof LocalDateTime) {
            moment = ((LocalDateTime) one).toInstant(ZoneOffset.UTC);
        } else if (one instanceof OffsetDateTime) {
            moment = ((OffsetDateTime) one).toInstant();
        } else if (one instanceof ZonedDateTime) {
            moment = ((ZonedDateTime) one).toInstant();
        } else {
            throw new Unsupported("the column `" + name + "` holds " + Encoder.told(one) + ", which no table can");
        }
        return Duration.ofSeconds(moment.getEpochSecond(), moment.getNano());
    }

    private static String zone(Object one) {
        if (one instanceof Instant) {
            return "UTC";
        }
        String zone = "";
        if (one instanceof OffsetDateTime) {
            zone = Times.text(((OffsetDateTime) one).getOffset());
        } else if (one instanceof ZonedDateTime) {
            zone = ((ZonedDateTime) one).getZone().getId();
        }
        return zone.equals("Z") ? "UTC" : zone;
    }

    private <T> T typed(Object one, Class<T> type) {
        if (!type.isInstance(one)) {
            throw mixed(one);
        }
        return type.cast(one);
    }

    private ByteBuffer buffer(long size) {
        if (size > Integer.MAX_VALUE) {
            throw new Unsupported("the column `" + name + "` has more than 2 GiB");
        }
        return ByteBuffer.allocate((int) size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void bit(ByteBuffer bits, int n, boolean on) {
        if (on) {
            bits.put(n >> 3, (byte) (bits.get(n >> 3) | 1 << (n & 7)));
        }
    }
}
