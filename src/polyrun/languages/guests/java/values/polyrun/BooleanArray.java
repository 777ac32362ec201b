package polyrun;

import java.nio.ByteBuffer;

/** An array of {@code bool}: {@code a.get(i)}, {@code a.get(i, j)}, {@code a.toArray()}. */
public final class BooleanArray extends Array {
    BooleanArray(Dtype dtype, ByteBuffer data, int[] shape, boolean byColumns) {
        super(dtype, data, shape, byColumns);
    }

    /** A new array in which nothing is true. */
    public BooleanArray(int... shape) {
        this(Dtype.bool, room(Dtype.bool, shape), shape.clone(), false);
    }

    /** The i-th value as they lie in memory. */
    public boolean get(int i) {
        return data.get(i) != 0;
    }

    /** The value at that place. */
    public boolean get(int i, int j) {
        return get(at(i, j));
    }

    /** The value at that place. */
    public boolean get(int... place) {
        return get(at(place));
    }

    /** Sets the value at that place. In one that was imported a {@code ReadOnlyBufferException}. */
    public void set(boolean value, int... place) {
        data.put(at(place), (byte) (value ? 1 : 0));
    }

    /** All values, as they lie in memory, in an array of their own. */
    public boolean[] toArray() {
        boolean[] all = new boolean[size()];
        for (int n = 0; n < all.length; n++) {
            all[n] = get(n);
        }
        return all;
    }
}
