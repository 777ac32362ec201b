package polyrun;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** The folder with what a block imports. */
final class Inbox {
    private static final int MAPPED_FROM = 1 << 20;
    private static Inbox only;

    final byte[] data;
    final String prefix;
    final Map<String, Integer> values = new HashMap<>();
    final Map<String, String> exports = new LinkedHashMap<>();
    private final File folder;

    private Inbox() throws IOException {
        folder = Inbox.folder("POLYRUN_IN");
        try (FileInputStream file = new FileInputStream(new File(folder, "values.cbor"))) {
            data = file.readAllBytes();
        }
        Reader reader = new Reader(data, 0);
        String found = "";
        for (int parts = reader.size(5); parts > 0; parts--) {
            switch (reader.text()) {
                case "prefix":
                    found = reader.text();
                    break;
                case "imports":
                    for (int left = reader.size(5); left > 0; left--) {
                        values.put(reader.text(), reader.at());
                        reader.skip();
                    }
                    break;
                case "exports":
                    for (int left = reader.size(5); left > 0; left--) {
                        exports.put(reader.text(), reader.isNull() ? "" : reader.text());
                    }
                    break;
                default:
                    reader.skip();
            }
        }
        prefix = found;
    }

    static synchronized Inbox get() {
        if (only == null) {
            try {
                only = new Inbox();
            } catch (IOException fault) {
                throw new Unsupported("the values of this block cannot be read: " + fault.getMessage());
            }
        }
        return only;
    }

    /** One of the folders that PolyRun gives to a block with values. */
    static File folder(String variable) {
        String path = System.getenv(variable);
        if (path == null) {
            throw new Unsupported("this block has no values: " + variable + " is not set");
        }
        return new File(path);
    }

    Path path(String name) {
        return new File(folder, name).toPath();
    }

    /** Some bytes of a data file, little-endian and read-only; many of them are mapped, not read. */
    ByteBuffer bytes(String name, long offset, long length) {
        if (length > Integer.MAX_VALUE) {
            throw new Unsupported("it has more than 2 GiB in one piece, which no buffer of Java can hold");
        }
        try (RandomAccessFile file = new RandomAccessFile(new File(folder, name), "r")) {
            ByteBuffer found;
            if (length >= MAPPED_FROM) {
                found = file.getChannel().map(FileChannel.MapMode.READ_ONLY, offset, length);
            } else {
                byte[] bytes = new byte[(int) length];
                if (length > 0) {
                    file.seek(offset);
                    file.readFully(bytes);
                }
                found = ByteBuffer.wrap(bytes).asReadOnlyBuffer();
            }
            return found.order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException fault) {
            throw new Unsupported("its data cannot be read: " + fault.getMessage());
        }
    }
}
