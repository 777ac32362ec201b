package polyrun;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Writes items of a value file. */
final class Writer {
    private byte[] data = new byte[256];
    private int size;

    byte[] data() {
        return Arrays.copyOf(data, size);
    }

    void raw(byte[] bytes) {
        if (bytes.length > data.length - size) {
            data = Arrays.copyOf(data, Math.max(data.length * 2, Math.addExact(size, bytes.length)));
        }
        System.arraycopy(bytes, 0, data, size, bytes.length);
        size += bytes.length;
    }

    void put(int value) {
        if (size == data.length) {
            data = Arrays.copyOf(data, data.length * 2);
        }
        data[size++] = (byte) value;
    }

    void head(int major, long number) {
        if (number >= 0 && number < 24) {
            put(major << 5 | (int) number);
            return;
        }
        int info = number < 0 || number > 0xffffffffL ? 27 : number > 0xffff ? 26 : number > 0xff ? 25 : 24;
        put(major << 5 | info);
        for (int shift = (8 << (info - 24)) - 8; shift >= 0; shift -= 8) {
            put((int) (number >> shift));
        }
    }

    void integer(long value) {
        if (value < 0) {
            head(1, -1 - value);
        } else {
            head(0, value);
        }
    }

    void real(double value) {
        put(0xfb);
        long bits = Double.doubleToLongBits(value);
        for (int shift = 56; shift >= 0; shift -= 8) {
            put((int) (bits >> shift));
        }
    }

    void text(String value) {
        byte[] bytes = utf8(value);
        head(3, bytes.length);
        raw(bytes);
    }

    void tagged(int tag, String value) {
        head(6, tag);
        text(value);
    }

    void bytes(byte[] value) {
        head(2, value.length);
        raw(value);
    }

    void ref(String file, long offset, long length) {
        head(6, Wire.REF);
        head(4, 3);
        text(file);
        integer(offset);
        integer(length);
    }

    /** `text` in UTF-8; what is not Unicode is refused, not replaced. */
    static byte[] utf8(String text) {
        for (int n = 0; n < text.length(); n++) {
            char one = text.charAt(n);
            if (!Character.isSurrogate(one)) {
                continue;
            }
            boolean isPair = n + 1 < text.length() && Character.isSurrogatePair(one, text.charAt(n + 1));
            if (!isPair) {
                String code = Integer.toHexString(one).toUpperCase();
                throw new Unsupported("it has a text with half a character in it (a lone surrogate, U+" + code + ")");
            }
            n++;
        }
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
