package polyrun;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** From a value file to objects of Java. */
final class Decoder {
    private static final long EXACT = 1L << 53;

    private final Reader in;

    Decoder(byte[] data) {
        in = new Reader(data, 0);
    }

    /** The value that lies at `place`. */
    Object at(int place, Form form) {
        int back = in.at();
        in.seek(place);
        Object value = read(form);
        in.seek(back);
        return value;
    }

    Object read(Form form) {
        int major = in.head();
        long number = in.number();
        switch (major) {
            case 0:
                return integer(number, form);
            case 1:
                return integer(-1 - number, form);
            case 2:
                return in.taken((int) number);
            case 3:
                return in.decoded((int) number);
            case 4:
                return list((int) number, form.items());
            case 5:
                return map((int) number, form);
            case 6:
                return tagged((int) number, form);
            default:
                return simple(in.first(), number);
        }
    }

    private static Object simple(int first, long bits) {
        if (first == 0xfb) {
            return Double.longBitsToDouble(bits);
        }
        return first == 0xf6 ? null : (Object) (first == 0xf5);
    }

    private static Object integer(long number, Form form) {
        if (form.isReal) {
            return real(number);
        }
        return form.isBig ? (Object) BigInteger.valueOf(number) : (Object) number;
    }

    /** An integer among floats. */
    private static Double real(long number) {
        if (number < -EXACT || number > EXACT) {
            throw new Unsupported("the integer " + number + " stands among floats, and none of them is exactly that");
        }
        return (double) number;
    }

    private List<Object> list(int count, Form item) {
        List<Object> items = new ArrayList<>(count);
        for (int left = count; left > 0; left--) {
            items.add(read(item));
        }
        return items;
    }

    private Object map(int count, Form form) {
        if (form.maker != null) {
            return form.maker.of(new Fields(this, in, count));
        }
        Form item = form.items();
        Map<String, Object> entries = new LinkedHashMap<>(count * 2);
        for (int left = count; left > 0; left--) {
            entries.put(in.text(), read(item));
        }
        return entries;
    }

    private Object tagged(int tag, Form form) {
        switch (tag) {
            case Wire.REF:
                return copy(in.ref());
            case Wire.BIG_INT:
                return new BigInteger(in.text());
            case Wire.DECIMAL:
                return decimal(in.text());
            case Wire.DATE:
                return Times.date(in.text());
            case Wire.TIME:
                return Times.time(in.text());
            case Wire.TIMESTAMP:
                return Times.timestamp(in.text());
            case Wire.DURATION:
                in.size(4);
                long seconds = in.integer();
                return Duration.ofSeconds(seconds, in.integer());
            case Wire.PACKED:
                return packed(form.items());
            case Wire.ARRAY:
                return array();
            case Wire.TABLE:
                Table table = table();
                return form.maker == null ? table : form.maker.of(table);
            case Wire.FILE:
                return file();
            default:
                throw new Unsupported("it has an unknown tag (" + tag + ")");
        }
    }

    static byte[] copy(ByteBuffer from) {
        byte[] bytes = new byte[from.remaining()];
        from.duplicate().get(bytes);
        return bytes;
    }

    private static BigDecimal decimal(String text) {
        BigDecimal number = new BigDecimal(text);
        if (number.signum() == 0 && text.startsWith("-")) {
            throw new Unsupported("it is the decimal " + text + ", and no BigDecimal is less than zero and yet zero");
        }
        return number;
    }

    private List<Object> packed(Form item) {
        in.size(4);
        boolean isReal = in.text().equals("float64");
        ByteBuffer data = in.bytes().order(ByteOrder.LITTLE_ENDIAN);
        int count = data.remaining() >> 3;
        List<Object> items = new ArrayList<>(count);
        for (int n = 0; n < count; n++) {
            items.add(isReal ? (Object) data.getDouble(n << 3) : integer(data.getLong(n << 3), item));
        }
        return items;
    }

    private Array array() {
        in.size(4);
        Dtype dtype = Dtype.valueOf(in.text());
        int[] shape = new int[in.size(4)];
        for (int n = 0; n < shape.length; n++) {
            shape[n] = length(in.integer());
        }
        boolean byColumns = in.text().equals("F");
        in.head();
        return Array.of(dtype, in.ref(), shape, byColumns);
    }

    private static int length(long number) {
        if (number > Integer.MAX_VALUE) {
            throw new Unsupported("it has more than 2147483647 items in one direction");
        }
        return (int) number;
    }

    private Table table() {
        in.size(4);
        int rows = length(in.integer());
        Table table = new Table(rows);
        for (int left = in.size(4); left > 0; left--) {
            in.size(4);
            String name = in.text();
            String type = in.text();
            ByteBuffer valid = in.isNull() ? null : in.bytes();
            ByteBuffer data = in.bytes();
            table.part(new Part(name, type, rows, valid, data, in.isNull() ? null : in.bytes()));
        }
        return table;
    }

    private Object file() {
        in.size(4);
        in.skip();
        in.skip();
        in.head();
        in.size(4);
        String name = in.text();
        in.skip();
        in.skip();
        return Inbox.get().path(name);
    }
}
