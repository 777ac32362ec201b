package polyrun;

import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** A column of {@code float32} or {@code float64}. */
public final class DoubleColumn extends Column<Double> {
    private final Dtype dtype;

    DoubleColumn(Part part) {
        super(part);
        dtype = Dtype.valueOf(part.base);
    }

    /** The value of a row; a {@code NullPointerException} if it is missing. */
    public double get(int row) {
        part.present(row);
        return dtype.real(part.data, row);
    }

    @Override
    Double value(int row) {
        return dtype.real(part.data, row);
    }

    /** All values in an array of their own; a {@code NullPointerException} if one is missing. */
    public double[] toArray() {
        whole();
        return dtype.doubles(part.data, size());
    }

    /** All values; a {@code NullPointerException} if one is missing. */
    public DoubleStream stream() {
        whole();
        return IntStream.range(0, size()).mapToDouble(row -> dtype.real(part.data, row));
    }
}
