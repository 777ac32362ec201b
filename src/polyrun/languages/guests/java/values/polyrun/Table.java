package polyrun;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Columns of one length: {@code table.price} of one that was imported, {@code table.column("price")} of any.
 *
 * <p>A new one is {@code new polyrun.Table().add("id", new long[] {1, 2}).add("name", List.of("a", "b"))}.
 */
public class Table implements Iterable<Map<String, Object>> {
    final List<Part> parts = new ArrayList<>();
    private int rows;

    public Table() {}

    Table(int rows) {
        this.rows = rows;
    }

    /** The same columns again. */
    protected Table(Table table) {
        rows = table.rows;
        parts.addAll(table.parts);
    }

    void part(Part part) {
        parts.add(part);
    }

    /** How many rows there are. */
    public int size() {
        return rows;
    }

    /** The names of the columns. */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        for (Part part : parts) {
            names.add(part.name);
        }
        return names;
    }

    /** The n-th column. */
    public Column<?> column(int n) {
        return Column.of(parts.get(n));
    }

    /** The column of that name. */
    public Column<?> column(String name) {
        int n = names().indexOf(name);
        if (n < 0) {
            throw new IllegalArgumentException("a table without the column `" + name + "`; it has " + names());
        }
        return column(n);
    }

    /**
     * Adds a column: an array of primitives, or an array or collection of objects of one type, in which null says that
     * something is missing.
     */
    public Table add(String name, Object values) {
        if (names().contains(name)) {
            throw new IllegalArgumentException("a table has the column `" + name + "` already");
        }
        Part part = new ColumnWriter(name).part(values);
        if (!parts.isEmpty() && part.rows != rows) {
            String sizes = part.rows + " values in the column `" + name + "` of a table with " + rows + " rows";
            throw new IllegalArgumentException(sizes);
        }
        rows = part.rows;
        parts.add(part);
        return this;
    }

    /** One row: its values by the names of the columns. */
    public Map<String, Object> row(int n) {
        Map<String, Object> row = new LinkedHashMap<>();
        for (Part part : parts) {
            row.put(part.name, Column.of(part).orNull(n));
        }
        return row;
    }

    @Override
    public Iterator<Map<String, Object>> iterator() {
        return java.util.stream.IntStream.range(0, rows).mapToObj(this::row).iterator();
    }

    @Override
    public String toString() {
        return "table of " + rows + " rows: " + names();
    }
}
