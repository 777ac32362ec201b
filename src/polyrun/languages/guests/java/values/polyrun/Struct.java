package polyrun;

import java.util.AbstractMap;
import java.util.Collections;
import java.util.Map;
import java.util.Set;

/** A map from another block whose keys are fields too: `config.name`, `config.get("name")`. It cannot be changed. */
public abstract class Struct<T> extends AbstractMap<String, T> {
    private final Map<String, T> entries;

    @SuppressWarnings("unchecked")
    protected Struct(Fields fields) {
        entries = (Map<String, T>) fields.entries();
    }

    @Override
    public Set<Map.Entry<String, T>> entrySet() {
        return Collections.unmodifiableMap(entries).entrySet();
    }

    @Override
    public T get(Object key) {
        return entries.get(key);
    }

    @Override
    public boolean containsKey(Object key) {
        return entries.containsKey(key);
    }
}
