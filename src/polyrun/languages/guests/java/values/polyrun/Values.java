package polyrun;

import java.util.List;
import java.util.Map;

/** Values that a block takes from others and hands over to them. */
public final class Values {
    private Values() {}

    /**
     * Hands over {@code value} under {@code name}, which an {@code #export:} of the block must declare. It is read at
     * once; a later call for the name replaces it.
     */
    public static void put(String name, Object value) {
        Map<String, String> exports = Inbox.get().exports;
        String declared = exports.get(name);
        if (declared == null) {
            String hint = "add `#export: " + name + "` to the block";
            throw new IllegalArgumentException("`" + name + "` is not exported: " + hint);
        }
        Outbox.get().put(name, value, declared);
    }

    /** The imported value {@code name}, of the type that Java writes like that. For the code that PolyRun generates. */
    public static Object take(String name, String type) {
        try {
            Integer place = Inbox.get().values.get(name);
            if (place == null) {
                throw new Unsupported("this block does not import it");
            }
            return new Decoder(Inbox.get().data).at(place, Form.of(type));
        } catch (Unsupported | IllegalArgumentException | ArithmeticException | java.time.DateTimeException fault) {
            System.err.println("`" + name + "` cannot be imported: " + fault.getMessage());
            Runtime.getRuntime().exit(70);
            throw fault;
        }
    }

    /** How to make objects of a generated class. For the code that PolyRun generates. */
    public static void learn(String type, Maker maker) {
        Form.learn(type, maker);
    }

    /** The variables of {@code main}, to tell them when an export is missing. For the code that PolyRun generates. */
    public static void define(String... names) {
        Outbox.get().define(List.of(names));
    }
}
