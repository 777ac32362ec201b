package polyrun;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Numbers in a grid. One that was imported lies in a file that is mapped into memory, and cannot be changed. */
public abstract class Array {
    final Dtype dtype;
    final ByteBuffer data;
    final int[] shape;
    final boolean byColumns;
    private final int size;

    Array(Dtype dtype, ByteBuffer data, int[] shape, boolean byColumns) {
        this.dtype = dtype;
        this.data = data;
        this.shape = shape;
        this.byColumns = byColumns;
        size = count(dtype, shape);
    }

    static Array of(Dtype dtype, ByteBuffer data, int[] shape, boolean byColumns) {
        switch (dtype) {
            case bool:
                return new BooleanArray(dtype, data, shape, byColumns);
            case float32:
            case float64:
                return new DoubleArray(dtype, data, shape, byColumns);
            case int64:
            case uint32:
            case uint64:
                return new LongArray(dtype, data, shape, byColumns);
            default:
                return new IntArray(dtype, data, shape, byColumns);
        }
    }

    private static int count(Dtype dtype, int[] shape) {
        long count = 1;
        for (int length : shape) {
            if (length < 0) {
                throw new IllegalArgumentException("a shape with a negative length");
            }
            count = Math.multiplyExact(count, (long) length);
        }
        if (count * dtype.size > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("an array of more than 2 GiB, which no buffer of Java can hold");
        }
        return (int) count;
    }

    static ByteBuffer room(Dtype dtype, int[] shape) {
        return ByteBuffer.allocate(count(dtype, shape) * dtype.size).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** `shape`, which must have room for so many numbers; one row without any. */
    static int[] fit(int length, int[] shape) {
        int[] fits = shape.length == 0 ? new int[] {length} : shape.clone();
        long count = 1;
        for (int one : fits) {
            count *= one;
        }
        if (count != length) {
            throw new IllegalArgumentException(length + " numbers in the shape " + Arrays.toString(fits));
        }
        return fits;
    }

    static ByteBuffer view(ByteBuffer data) {
        return data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** How many numbers there are. */
    public int size() {
        return size;
    }

    /** How long each dimension is. */
    public int[] shape() {
        return shape.clone();
    }

    /** The type that the numbers have where they are stored, such as {@code uint8}. */
    public String dtype() {
        return dtype.name();
    }

    /** Whether the first index runs fastest, as in Fortran, R and Julia. */
    public boolean byColumns() {
        return byColumns;
    }

    /** The numbers as they lie in memory, little-endian: {@code a.bytes().asDoubleBuffer()}. */
    public ByteBuffer bytes() {
        return view(data);
    }

    /** Where the number at that place lies, whatever the order. */
    final int at(int... place) {
        if (place.length != shape.length) {
            String counts = place.length + " indices into an array of " + shape.length + " dimensions";
            throw new IndexOutOfBoundsException(counts);
        }
        int at = 0;
        for (int n = 0; n < place.length; n++) {
            int dimension = byColumns ? place.length - 1 - n : n;
            if (place[dimension] < 0 || place[dimension] >= shape[dimension]) {
                String where = Arrays.toString(place) + " in an array of the shape " + Arrays.toString(shape);
                throw new IndexOutOfBoundsException(where);
            }
            at = at * shape[dimension] + place[dimension];
        }
        return at;
    }

    final int at(int i, int j) {
        if (shape.length != 2 || i < 0 || j < 0 || i >= shape[0] || j >= shape[1]) {
            return at(new int[] {i, j});
        }
        return byColumns ? j * shape[0] + i : i * shape[1] + j;
    }

    @Override
    public String toString() {
        return dtype + Arrays.toString(shape);
    }
}
