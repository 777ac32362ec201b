package polyrun;

import java.util.LinkedHashMap;
import java.util.Map;

/** The entries of a map while the object for it is made: each is read when its field asks for it. */
public final class Fields {
    private final Decoder decoder;
    private final Map<String, Object> entries = new LinkedHashMap<>();

    /** Goes past a map of `count` entries and notes where each of them lies. */
    Fields(Decoder decoder, Reader reader, int count) {
        this.decoder = decoder;
        for (int left = count; left > 0; left--) {
            entries.put(reader.text(), reader.at());
            reader.skip();
        }
    }

    /** The value of the key `name`, of the type that Java writes like that; null if there is none. */
    public Object take(String name, String type) {
        Object place = entries.get(name);
        if (place == null) {
            return null;
        }
        Object value = decoder.at((Integer) place, Form.of(type));
        entries.put(name, value);
        return value;
    }

    Map<String, Object> entries() {
        return entries;
    }
}
