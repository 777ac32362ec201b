package polyrun;

import java.math.BigInteger;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * A column of {@code int64}, {@code uint32} or {@code uint64}. A number larger than any long is an error;
 * {@code column.big(row)} gives it.
 */
public final class LongColumn extends Column<Long> {
    private final Dtype dtype;

    LongColumn(Part part) {
        super(part);
        dtype = Dtype.valueOf(part.base);
    }

    /** The value of a row; a {@code NullPointerException} if it is missing. */
    public long get(int row) {
        part.present(row);
        return dtype.whole(part.data, row);
    }

    @Override
    Long value(int row) {
        return dtype.whole(part.data, row);
    }

    /** The value of a row of any size; null if it is missing. */
    public BigInteger big(int row) {
        return part.isNull(row) ? null : dtype.big(part.data, row);
    }

    /** All values in an array of their own; a {@code NullPointerException} if one is missing. */
    public long[] toArray() {
        whole();
        return dtype.longs(part.data, size());
    }

    /** All values; a {@code NullPointerException} if one is missing. */
    public LongStream stream() {
        whole();
        return IntStream.range(0, size()).mapToLong(row -> dtype.whole(part.data, row));
    }
}
