package polyrun;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/** A column of a table. Its rows are counted from 0; a value that is missing is null where it is an object. */
public abstract class Column<T> implements Iterable<T> {
    final Part part;

    Column(Part part) {
        this.part = part;
    }

    static Column<?> of(Part part) {
        switch (part.base) {
            case "bool":
                return new BooleanColumn(part);
            case "float32":
            case "float64":
                return new DoubleColumn(part);
            case "int64":
            case "uint32":
            case "uint64":
                return new LongColumn(part);
            case "int8":
            case "int16":
            case "int32":
            case "uint8":
            case "uint16":
                return new IntColumn(part);
            default:
                return new ObjectColumn<Object>(part);
        }
    }

    public String name() {
        return part.name;
    }

    /** Its type in the words of PolyRun, such as {@code float64} or {@code timestamp(us,UTC)}. */
    public String type() {
        return part.type;
    }

    public int size() {
        return part.rows;
    }

    public boolean isNull(int row) {
        return part.isNull(row);
    }

    public boolean hasNulls() {
        return part.valid != null;
    }

    /** The value of a row; null if it is missing. */
    public T orNull(int row) {
        return part.isNull(row) ? null : value(row);
    }

    abstract T value(int row);

    /** The numbers as they lie in memory, little-endian; what is null is anything there. */
    public ByteBuffer bytes() {
        return Array.view(part.data);
    }

    /** All values in a list of their own. */
    public List<T> toList() {
        List<T> all = new ArrayList<>(size());
        for (T one : this) {
            all.add(one);
        }
        return all;
    }

    @Override
    public Iterator<T> iterator() {
        return new Iterator<>() {
            private int next;

            @Override
            public boolean hasNext() {
                return next < size();
            }

            @Override
            public T next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                return orNull(next++);
            }
        };
    }

    /** Refuses a column in which something is missing. */
    void whole() {
        if (hasNulls()) {
            for (int row = 0; row < size(); row++) {
                part.present(row);
            }
        }
    }

    @Override
    public String toString() {
        return toList().toString();
    }
}
