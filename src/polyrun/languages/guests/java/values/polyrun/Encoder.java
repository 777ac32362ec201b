package polyrun;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;

/** From objects of Java to a value file. */
final class Encoder {
    private final Writer out = new Writer();

    /** `value` as its declared type asks for it, where Java has one thing for two types. */
    static byte[] encode(Object value, String declared) throws IOException {
        Encoder encoder = new Encoder();
        int bracket = declared.indexOf('(');
        String kind = bracket < 0 ? declared : declared.substring(0, bracket);
        if (kind.equals("file") && value instanceof CharSequence) {
            Outbox.get().file(encoder.out, path(value.toString()));
        } else if (kind.equals("list") && value != null && Numbers.isIn(value)) {
            encoder.numberList(value, 0);
        } else if (kind.equals("array") && value instanceof byte[]) {
            encoder.array(Numbers.of(value), declared.contains("uint8") ? "uint8" : "int8");
        } else {
            encoder.write(value, 0);
        }
        return encoder.out.data();
    }

    private static Path path(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException fault) {
            throw new Unsupported("`" + text + "` is no path of a file");
        }
    }

    private void write(Object value, int depth) throws IOException {
        if (depth > Wire.MAX_DEPTH) {
            throw new Unsupported("it is nested deeper than 64 levels, or holds itself");
        }
        if (value == null) {
            out.put(0xf6);
        } else if (value instanceof CharSequence || value instanceof Character || value instanceof Enum) {
            out.text(value instanceof Enum ? ((Enum<?>) value).name() : value.toString());
        } else if (value instanceof Boolean) {
            out.put((Boolean) value ? 0xf5 : 0xf4);
        } else if (value instanceof Number) {
            number((Number) value);
        } else if (value instanceof Map) {
            map((Map<?, ?>) value, depth);
        } else if (value instanceof Collection) {
            list((Collection<?>) value, depth);
        } else if (value.getClass().isArray()) {
            array(value, depth);
        } else if (value instanceof Record) {
            record((Record) value, depth);
        } else if (value instanceof Optional) {
            write(((Optional<?>) value).orElse(null), depth);
        } else if (!time(value)) {
            large(value);
        }
    }

    private void number(Number value) {
        if (value instanceof Double || value instanceof Float) {
            out.real(value.doubleValue());
        } else if (value instanceof BigDecimal) {
            String text = value.toString();
            long scale = ((BigDecimal) value).scale();
            if (text.length() > Wire.MAX_DIGITS || Math.abs(scale) > Wire.MAX_EXPONENT) {
                throw new Unsupported("it is a decimal of more digits than can be handed over");
            }
            out.tagged(Wire.DECIMAL, text);
        } else if (value instanceof BigInteger) {
            big((BigInteger) value);
        } else {
            String type = value.getClass().getName();
            boolean isWhole = value instanceof Long || value instanceof Integer || value instanceof Short
                    || value instanceof Byte || type.startsWith("java.util.concurrent.atomic.Atomic");
            if (!isWhole) {
                throw unreadable(value);
            }
            out.integer(value.longValue());
        }
    }

    private void big(BigInteger value) {
        if (value.bitLength() < 64) {
            out.integer(value.longValue());
            return;
        }
        String text = value.toString();
        if (text.length() > Wire.MAX_DIGITS) {
            throw new Unsupported("it is a number of more than 4300 digits");
        }
        out.tagged(Wire.BIG_INT, text);
    }

    private void map(Map<?, ?> map, int depth) throws IOException {
        out.head(5, map.size());
        for (Map.Entry<?, ?> one : map.entrySet()) {
            Object key = one.getKey();
            if (!(key instanceof CharSequence)) {
                String found = key == null ? "null" : told(key);
                throw new Unsupported("the keys of a map must be texts, and " + found + " is not");
            }
            out.text(key.toString());
            write(one.getValue(), depth + 1);
        }
    }

    private void list(Collection<?> items, int depth) throws IOException {
        if (items instanceof Set && !(items instanceof SortedSet || items instanceof LinkedHashSet)) {
            String type = items.getClass().getSimpleName();
            throw new Unsupported("a `" + type + "` has no order; export a sorted list of it");
        }
        Object[] all = items.toArray();
        if (all.length >= Wire.PACK_FROM && pack(all)) {
            return;
        }
        out.head(4, all.length);
        for (Object item : all) {
            write(item, depth + 1);
        }
    }

    /** Writes `all` as numbers if it holds only longs, or only doubles. */
    private boolean pack(Object[] all) throws IOException {
        Class<?> type = all[0] == null ? null : all[0].getClass();
        if (type != Long.class && type != Double.class && type != Integer.class) {
            return false;
        }
        for (Object item : all) {
            if (item == null || item.getClass() != type) {
                return false;
            }
        }
        if (type == Double.class) {
            double[] numbers = new double[all.length];
            for (int n = 0; n < all.length; n++) {
                numbers[n] = (Double) all[n];
            }
            packed(Numbers.of(numbers));
        } else {
            long[] numbers = new long[all.length];
            for (int n = 0; n < all.length; n++) {
                numbers[n] = ((Number) all[n]).longValue();
            }
            packed(Numbers.of(numbers));
        }
        return true;
    }

    private void packed(Numbers numbers) throws IOException {
        out.head(6, Wire.PACKED);
        out.head(4, 2);
        out.text(numbers.dtype.name());
        if (numbers.size() > Wire.INLINE_BYTES) {
            Outbox.get().numbers(out, numbers);
        } else {
            out.bytes(numbers.bytes().array());
        }
    }

    /** An array of primitives, or of arrays of them, as a list. */
    private void numberList(Object values, int depth) throws IOException {
        if (values instanceof long[] || values instanceof double[]) {
            packed(Numbers.of(values));
            return;
        }
        int length = java.lang.reflect.Array.getLength(values);
        out.head(4, length);
        for (int n = 0; n < length; n++) {
            Object item = java.lang.reflect.Array.get(values, n);
            if (item != null && item.getClass().isArray()) {
                numberList(item, depth + 1);
            } else {
                write(item, depth + 1);
            }
        }
    }

    private void array(Object values, int depth) throws IOException {
        if (values instanceof byte[]) {
            byte[] bytes = (byte[]) values;
            if (bytes.length > Wire.INLINE_BYTES) {
                Outbox.get().bytes(out, bytes);
            } else {
                out.bytes(bytes);
            }
        } else if (Numbers.isIn(values)) {
            Numbers numbers = Numbers.of(values);
            array(numbers, numbers.dtype.name());
        } else if (values instanceof Object[]) {
            list(Arrays.asList((Object[]) values), depth);
        } else {
            throw new Unsupported("an array of `char` has no form that other languages could read; export a String");
        }
    }

    private void array(Numbers numbers, String dtype) throws IOException {
        out.head(6, Wire.ARRAY);
        out.head(4, 4);
        out.text(dtype);
        out.head(4, numbers.shape.length);
        for (int length : numbers.shape) {
            out.integer(length);
        }
        out.text(numbers.byColumns ? "F" : "C");
        Outbox.get().numbers(out, numbers);
    }

    private void record(Record value, int depth) throws IOException {
        RecordComponent[] components = value.getClass().getRecordComponents();
        out.head(5, components.length);
        for (RecordComponent component : components) {
            Object item;
            try {
                component.getAccessor().setAccessible(true);
                item = component.getAccessor().invoke(value);
            } catch (ReflectiveOperationException fault) {
                throw new Unsupported("its component `" + component.getName() + "` cannot be read");
            }
            out.text(component.getName());
            write(item, depth + 1);
        }
    }

    private boolean time(Object value) {
        if (value instanceof LocalDate) {
            out.tagged(Wire.DATE, Times.text((LocalDate) value));
        } else if (value instanceof LocalTime) {
            out.tagged(Wire.TIME, Times.text((LocalTime) value));
        } else if (value instanceof Instant) {
            out.tagged(Wire.TIMESTAMP, Times.text((Instant) value));
        } else if (value instanceof LocalDateTime) {
            out.tagged(Wire.TIMESTAMP, Times.text((LocalDateTime) value));
        } else if (value instanceof OffsetDateTime) {
            out.tagged(Wire.TIMESTAMP, Times.text((OffsetDateTime) value));
        } else if (value instanceof ZonedDateTime) {
            out.tagged(Wire.TIMESTAMP, Times.text((ZonedDateTime) value));
        } else if (value instanceof Duration) {
            out.head(6, Wire.DURATION);
            out.head(4, 2);
            out.integer(((Duration) value).getSeconds());
            out.integer(((Duration) value).getNano());
        } else {
            return false;
        }
        return true;
    }

    private void large(Object value) throws IOException {
        if (value instanceof Array) {
            Numbers numbers = Numbers.of(value);
            array(numbers, numbers.dtype.name());
        } else if (value instanceof Table) {
            Outbox.get().table(out, (Table) value);
        } else if (value instanceof Path) {
            Outbox.get().file(out, (Path) value);
        } else if (value instanceof File) {
            Outbox.get().file(out, ((File) value).toPath());
        } else {
            throw unreadable(value);
        }
    }

    private static Unsupported unreadable(Object value) {
        return new Unsupported(told(value) + " has no form that other languages could read");
    }

    /** What a value is called in a message. */
    static String told(Object value) {
        if (value instanceof CharSequence) {
            return "a text";
        }
        if (value instanceof Number) {
            return "the number " + value;
        }
        Class<?> type = value.getClass();
        if (type.isSynthetic() || type.isHidden()) {
            return "a lambda";
        }
        String name = type.getName().startsWith("java.") ? type.getName() : type.getSimpleName();
        return "an object of the class `" + (name.isEmpty() ? type.getName() : name) + "`";
    }
}
