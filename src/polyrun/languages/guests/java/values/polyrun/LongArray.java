package polyrun;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * An array of {@code int64}, {@code uint32} or {@code uint64}: {@code a.get(i)}, {@code a.get(i, j)},
 * {@code a.toArray()}. A number larger than any long is an error; {@code a.big(i)} gives it.
 */
public final class LongArray extends Array {
    LongArray(Dtype dtype, ByteBuffer data, int[] shape, boolean byColumns) {
        super(dtype, data, shape, byColumns);
    }

    /** A new array of zeros. */
    public LongArray(int... shape) {
        this(Dtype.int64, room(Dtype.int64, shape), shape.clone(), false);
    }

    /** These numbers in that shape, the last index running fastest; without a shape they are a row. */
    public static LongArray of(long[] numbers, int... shape) {
        return filled(numbers, shape, false);
    }

    /** These numbers in that shape, the first index running fastest: column after column. */
    public static LongArray ofColumns(long[] numbers, int... shape) {
        return filled(numbers, shape, true);
    }

    private static LongArray filled(long[] numbers, int[] shape, boolean byColumns) {
        int[] fits = fit(numbers.length, shape);
        LongArray made = new LongArray(Dtype.int64, room(Dtype.int64, fits), fits, byColumns);
        made.data.asLongBuffer().put(numbers);
        return made;
    }

    /** The i-th number as they lie in memory. */
    public long get(int i) {
        return dtype.whole(data, i);
    }

    /** The number at that place. */
    public long get(int i, int j) {
        return get(at(i, j));
    }

    /** The number at that place. */
    public long get(int... place) {
        return get(at(place));
    }

    /** Sets the number at that place. In one that was imported a {@code ReadOnlyBufferException}. */
    public void set(long number, int... place) {
        data.putLong(at(place) << 3, number);
    }

    /** The i-th number, of any size. */
    public BigInteger big(int i) {
        return dtype.big(data, i);
    }

    /** All numbers, as they lie in memory, in an array of their own. */
    public long[] toArray() {
        return dtype.longs(data, size());
    }

    public LongStream stream() {
        return IntStream.range(0, size()).mapToLong(this::get);
    }
}
