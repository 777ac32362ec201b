package polyrun;

import java.util.stream.Stream;

/** A column of texts, dates, times, decimals or bytes. */
public final class ObjectColumn<T> extends Column<T> {
    ObjectColumn(Part part) {
        super(part);
    }

    /** The value of a row; null if it is missing. */
    public T get(int row) {
        return orNull(row);
    }

    @Override
    @SuppressWarnings("unchecked")
    T value(int row) {
        return (T) part.value(row);
    }

    /** All values; null where one is missing. */
    public Stream<T> stream() {
        return toList().stream();
    }
}
