package polyrun;

/** Makes objects of the classes that are generated for a block. */
public abstract class Maker {
    protected Maker() {}

    /** The object for a map that is read. */
    protected Object of(Fields fields) {
        throw new IllegalStateException();
    }

    /** The object for a table that is read. */
    protected Object of(Table table) {
        throw new IllegalStateException();
    }
}
