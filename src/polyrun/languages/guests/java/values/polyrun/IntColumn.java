package polyrun;

import java.util.stream.IntStream;

/** A column of integers of up to 32 bits with a sign, or 16 without. */
public final class IntColumn extends Column<Integer> {
    private final Dtype dtype;

    IntColumn(Part part) {
        super(part);
        dtype = Dtype.valueOf(part.base);
    }

    /** The value of a row; a {@code NullPointerException} if it is missing. */
    public int get(int row) {
        part.present(row);
        return dtype.small(part.data, row);
    }

    @Override
    Integer value(int row) {
        return dtype.small(part.data, row);
    }

    /** All values in an array of their own; a {@code NullPointerException} if one is missing. */
    public int[] toArray() {
        whole();
        return dtype.ints(part.data, size());
    }

    /** All values; a {@code NullPointerException} if one is missing. */
    public IntStream stream() {
        whole();
        return IntStream.range(0, size()).map(row -> dtype.small(part.data, row));
    }
}
