package polyrun;

/** A column of {@code bool}. */
public final class BooleanColumn extends Column<Boolean> {
    BooleanColumn(Part part) {
        super(part);
    }

    /** The value of a row; a {@code NullPointerException} if it is missing. */
    public boolean get(int row) {
        part.present(row);
        return Part.bit(part.data, row);
    }

    @Override
    Boolean value(int row) {
        return Part.bit(part.data, row);
    }

    /** All values in an array of their own; a {@code NullPointerException} if one is missing. */
    public boolean[] toArray() {
        whole();
        boolean[] all = new boolean[size()];
        for (int row = 0; row < all.length; row++) {
            all[row] = Part.bit(part.data, row);
        }
        return all;
    }
}
