package polyrun;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;

/** The numbers of an array: an {@code Array}, or an array of primitives, or a rectangle of arrays of them. */
final class Numbers {
    final Dtype dtype;
    final int[] shape;
    final boolean byColumns;
    private final List<Object> rows = new ArrayList<>();

    private Numbers(Dtype dtype, int[] shape, boolean byColumns) {
        this.dtype = dtype;
        this.shape = shape;
        this.byColumns = byColumns;
    }

    static Numbers of(Object values) {
        if (values instanceof Array) {
            Array array = (Array) values;
            Numbers made = new Numbers(array.dtype, array.shape, array.byColumns);
            made.rows.add(array.bytes());
            return made;
        }
        int dimensions = 1;
        Class<?> item = values.getClass().getComponentType();
        for (; item.isArray(); item = item.getComponentType()) {
            dimensions++;
        }
        int[] shape = new int[dimensions];
        Object one = values;
        for (int n = 0; n < dimensions && one != null; n++) {
            shape[n] = java.lang.reflect.Array.getLength(one);
            one = n + 1 < dimensions && shape[n] > 0 ? ((Object[]) one)[0] : null;
        }
        Numbers made = new Numbers(dtype(item), shape, false);
        made.gather(values, 0);
        return made;
    }

    /** Whether `values` is an array of primitives, or of arrays of them; bytes and characters are none. */
    static boolean isIn(Object values) {
        Class<?> item = values.getClass();
        boolean isNested = false;
        while (item.isArray()) {
            isNested |= item.getComponentType().isArray();
            item = item.getComponentType();
        }
        boolean isNumber = item.isPrimitive() && item != char.class && item != values.getClass();
        return isNumber && (item != byte.class || isNested);
    }

    private static Dtype dtype(Class<?> item) {
        switch (item.getName()) {
            case "boolean":
                return Dtype.bool;
            case "byte":
                return Dtype.int8;
            case "short":
                return Dtype.int16;
            case "int":
                return Dtype.int32;
            case "long":
                return Dtype.int64;
            case "float":
                return Dtype.float32;
            case "double":
                return Dtype.float64;
            default:
                throw new Unsupported("an array of " + item.getName() + " has no form that other languages could read");
        }
    }

    private void gather(Object values, int depth) {
        if (values == null || java.lang.reflect.Array.getLength(values) != shape[depth]) {
            throw new Unsupported("its rows are not all of the same length; export a list of lists");
        }
        if (depth + 1 == shape.length) {
            rows.add(values);
            return;
        }
        for (Object row : (Object[]) values) {
            gather(row, depth + 1);
        }
    }

    long size() {
        long size = dtype.size;
        for (int length : shape) {
            size *= length;
        }
        return size;
    }

    /** All of them one after another. */
    ByteBuffer bytes() {
        if (rows.size() == 1 && rows.get(0) instanceof ByteBuffer) {
            return (ByteBuffer) rows.get(0);
        }
        if (size() > Integer.MAX_VALUE) {
            throw new Unsupported("it has more than 2 GiB in one piece, which no buffer of Java can hold");
        }
        ByteBuffer all = ByteBuffer.allocate((int) size()).order(ByteOrder.LITTLE_ENDIAN);
        for (Object row : rows) {
            fill(all, row, 0);
        }
        return all.rewind();
    }

    /** Writes all of them, in pieces of a size that the buffers of the JDK bear. */
    void writeTo(FileChannel file) throws IOException {
        if (rows.size() == 1 && rows.get(0) instanceof ByteBuffer) {
            all(file, (ByteBuffer) rows.get(0));
            return;
        }
        ByteBuffer piece = ByteBuffer.allocateDirect((int) Math.max(8, Math.min(size(), 1 << 20)));
        piece.order(ByteOrder.LITTLE_ENDIAN);
        for (Object row : rows) {
            int length = java.lang.reflect.Array.getLength(row);
            for (int from = 0; from < length; ) {
                if (piece.remaining() < dtype.size) {
                    flush(piece, file);
                }
                from += fill(piece, row, from);
            }
        }
        flush(piece, file);
    }

    private static void flush(ByteBuffer piece, FileChannel file) throws IOException {
        piece.flip();
        all(file, piece);
        piece.clear();
    }

    private static void all(FileChannel file, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
    }

    /** Puts numbers of `row`, from the one at `from` on, into the room that `to` has left; how many those are. */
    private int fill(ByteBuffer to, Object row, int from) {
        int count = Math.min(java.lang.reflect.Array.getLength(row) - from, to.remaining() / dtype.size);
        switch (dtype) {
            case float64:
                to.asDoubleBuffer().put((double[]) row, from, count);
                break;
            case float32:
                to.asFloatBuffer().put((float[]) row, from, count);
                break;
            case int64:
                to.asLongBuffer().put((long[]) row, from, count);
                break;
            case int32:
                to.asIntBuffer().put((int[]) row, from, count);
                break;
            case int16:
                to.asShortBuffer().put((short[]) row, from, count);
                break;
            case int8:
                to.duplicate().put((byte[]) row, from, count);
                break;
            default:
                for (int n = 0; n < count; n++) {
                    to.put(to.position() + n, (byte) (((boolean[]) row)[from + n] ? 1 : 0));
                }
        }
        to.position(to.position() + count * dtype.size);
        return count;
    }
}
