package polyrun;

import java.util.HashMap;
import java.util.Map;

/** What a value is to become, where the value itself does not say it: read from how Java writes the type. */
final class Form {
    private static final String LIST = "java.util.List<";
    private static final String MAP = "java.util.Map<java.lang.String, ";
    private static final Form ANY = new Form(null, null, false, false);
    private static final Map<String, Form> KNOWN = new HashMap<>();

    /** The form of the items of a list or map. */
    final Form item;
    /** Makes the object for a map or table. */
    final Maker maker;
    /** Whether all numbers are floats, or integers of any size. */
    final boolean isReal;
    final boolean isBig;

    private Form(Form item, Maker maker, boolean isReal, boolean isBig) {
        this.item = item;
        this.maker = maker;
        this.isReal = isReal;
        this.isBig = isBig;
    }

    static void learn(String type, Maker maker) {
        KNOWN.put(type, new Form(null, maker, false, false));
    }

    static Form of(String type) {
        Form known = KNOWN.get(type);
        if (known != null) {
            return known;
        }
        Form made = ANY;
        if (type.startsWith(LIST) || type.startsWith(MAP)) {
            int start = (type.startsWith(LIST) ? LIST : MAP).length();
            made = new Form(of(type.substring(start, type.length() - 1)), null, false, false);
        } else if (type.equals("double") || type.equals("java.lang.Double")) {
            made = new Form(null, null, true, false);
        } else if (type.equals("java.math.BigInteger")) {
            made = new Form(null, null, false, true);
        }
        KNOWN.put(type, made);
        return made;
    }

    Form items() {
        return item == null ? ANY : item;
    }
}
