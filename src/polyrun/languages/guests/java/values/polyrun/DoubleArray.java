package polyrun;

import java.nio.ByteBuffer;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** An array of {@code float64} or {@code float32}: {@code a.get(i)}, {@code a.get(i, j)}, {@code a.toArray()}. */
public final class DoubleArray extends Array {
    DoubleArray(Dtype dtype, ByteBuffer data, int[] shape, boolean byColumns) {
        super(dtype, data, shape, byColumns);
    }

    /** A new array of zeros. */
    public DoubleArray(int... shape) {
        this(Dtype.float64, room(Dtype.float64, shape), shape.clone(), false);
    }

    /** These numbers in that shape, the last index running fastest; without a shape they are a row. */
    public static DoubleArray of(double[] numbers, int... shape) {
        return filled(numbers, shape, false);
    }

    /** These numbers in that shape, the first index running fastest: column after column. */
    public static DoubleArray ofColumns(double[] numbers, int... shape) {
        return filled(numbers, shape, true);
    }

    private static DoubleArray filled(double[] numbers, int[] shape, boolean byColumns) {
        int[] fits = fit(numbers.length, shape);
        DoubleArray made = new DoubleArray(Dtype.float64, room(Dtype.float64, fits), fits, byColumns);
        made.data.asDoubleBuffer().put(numbers);
        return made;
    }

    /** The i-th number as they lie in memory. */
    public double get(int i) {
        return dtype.real(data, i);
    }

    /** The number at that place. */
    public double get(int i, int j) {
        return get(at(i, j));
    }

    /** The number at that place. */
    public double get(int... place) {
        return get(at(place));
    }

    /** Sets the number at that place. In one that was imported a {@code ReadOnlyBufferException}. */
    public void set(double number, int... place) {
        data.putDouble(at(place) << 3, number);
    }

    /** All numbers, as they lie in memory, in an array of their own. */
    public double[] toArray() {
        return dtype.doubles(data, size());
    }

    public DoubleStream stream() {
        return IntStream.range(0, size()).mapToDouble(this::get);
    }
}
