package polyrun;

import java.math.BigInteger;
import java.nio.ByteBuffer;

/** The types that numbers of arrays and columns have where they are stored. */
enum Dtype {
    bool(1),
    int8(1),
    int16(2),
    int32(4),
    int64(8),
    uint8(1),
    uint16(2),
    uint32(4),
    uint64(8),
    float32(4),
    float64(8);

    final int size;

    Dtype(int size) {
        this.size = size;
    }

    /** The n-th number of `data`, for types that an `int` holds. */
    int small(ByteBuffer data, int n) {
        switch (this) {
            case int8:
                return data.get(n);
            case uint8:
                return data.get(n) & 0xff;
            case int16:
                return data.getShort(n << 1);
            case uint16:
                return data.getShort(n << 1) & 0xffff;
            default:
                return data.getInt(n << 2);
        }
    }

    /** The n-th number of `data`, for `int64`, `uint32` and `uint64`. */
    long whole(ByteBuffer data, int n) {
        if (this == uint32) {
            return data.getInt(n << 2) & 0xffffffffL;
        }
        long number = data.getLong(n << 3);
        if (number < 0 && this == uint64) {
            throw new ArithmeticException(Long.toUnsignedString(number) + " is larger than any long; big(i) gives it");
        }
        return number;
    }

    /** The n-th number of `data`, for `int64`, `uint32` and `uint64`, of any size. */
    BigInteger big(ByteBuffer data, int n) {
        if (this != uint64) {
            return BigInteger.valueOf(whole(data, n));
        }
        return new BigInteger(Long.toUnsignedString(data.getLong(n << 3)));
    }

    /** The n-th number of `data`, for `float32` and `float64`. */
    double real(ByteBuffer data, int n) {
        return this == float32 ? data.getFloat(n << 2) : data.getDouble(n << 3);
    }

    int[] ints(ByteBuffer data, int count) {
        int[] all = new int[count];
        if (this == int32) {
            data.asIntBuffer().get(all);
            return all;
        }
        for (int n = 0; n < count; n++) {
            all[n] = small(data, n);
        }
        return all;
    }

    long[] longs(ByteBuffer data, int count) {
        long[] all = new long[count];
        if (this == int64) {
            data.asLongBuffer().get(all);
            return all;
        }
        for (int n = 0; n < count; n++) {
            all[n] = whole(data, n);
        }
        return all;
    }

    double[] doubles(ByteBuffer data, int count) {
        double[] all = new double[count];
        if (this == float64) {
            data.asDoubleBuffer().get(all);
            return all;
        }
        for (int n = 0; n < count; n++) {
            all[n] = real(data, n);
        }
        return all;
    }
}
