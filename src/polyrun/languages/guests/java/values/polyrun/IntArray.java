package polyrun;

import java.nio.ByteBuffer;
import java.util.stream.IntStream;

/**
 * An array of {@code int32}, {@code int16}, {@code int8}, {@code uint16} or {@code uint8}: {@code a.get(i)},
 * {@code a.get(i, j)}, {@code a.toArray()}.
 */
public final class IntArray extends Array {
    IntArray(Dtype dtype, ByteBuffer data, int[] shape, boolean byColumns) {
        super(dtype, data, shape, byColumns);
    }

    /** A new array of zeros. */
    public IntArray(int... shape) {
        this(Dtype.int32, room(Dtype.int32, shape), shape.clone(), false);
    }

    /** These numbers in that shape, the last index running fastest; without a shape they are a row. */
    public static IntArray of(int[] numbers, int... shape) {
        return filled(numbers, shape, false);
    }

    /** These numbers in that shape, the first index running fastest: column after column. */
    public static IntArray ofColumns(int[] numbers, int... shape) {
        return filled(numbers, shape, true);
    }

    private static IntArray filled(int[] numbers, int[] shape, boolean byColumns) {
        int[] fits = fit(numbers.length, shape);
        IntArray made = new IntArray(Dtype.int32, room(Dtype.int32, fits), fits, byColumns);
        made.data.asIntBuffer().put(numbers);
        return made;
    }

    /** The i-th number as they lie in memory. */
    public int get(int i) {
        return dtype.small(data, i);
    }

    /** The number at that place. */
    public int get(int i, int j) {
        return get(at(i, j));
    }

    /** The number at that place. */
    public int get(int... place) {
        return get(at(place));
    }

    /** Sets the number at that place. In one that was imported a {@code ReadOnlyBufferException}. */
    public void set(int number, int... place) {
        data.putInt(at(place) << 2, number);
    }

    /** All numbers, as they lie in memory, in an array of their own. */
    public int[] toArray() {
        return dtype.ints(data, size());
    }

    public IntStream stream() {
        return IntStream.range(0, size()).map(this::get);
    }
}
