package polyrun;

import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The folder where a block leaves what it exports. The value file is written when the program ends by itself. */
final class Outbox {
    private static Outbox only;

    private final File folder = Inbox.folder("POLYRUN_OUT");
    private final Map<String, byte[]> values = new LinkedHashMap<>();
    private final Map<String, String> refused = new LinkedHashMap<>();
    private final Map<String, List<String>> files = new HashMap<>();
    private List<String> made = new ArrayList<>();
    private List<String> defined = List.of();
    private int count;

    private Outbox() {
        Runtime.getRuntime().addShutdownHook(new Thread() {
            @Override
            public void run() {
                commit();
            }
        });
    }

    static synchronized Outbox get() {
        if (only == null) {
            only = new Outbox();
        }
        return only;
    }

    /** Encodes `value`; the data files of one that it replaces are gone. */
    synchronized void put(String name, Object value, String declared) {
        for (String file : files.getOrDefault(name, List.of())) {
            new File(folder, file).delete();
        }
        values.remove(name);
        refused.remove(name);
        made = new ArrayList<>();
        files.put(name, made);
        try {
            values.put(name, Encoder.encode(value, declared));
        } catch (Unsupported fault) {
            refused.put(name, fault.getMessage());
        } catch (IOException fault) {
            refused.put(name, "its data cannot be written: " + fault.getMessage());
        }
    }

    synchronized void define(List<String> names) {
        defined = names;
    }

    private String name(String ending) {
        String name = Inbox.get().prefix + count++ + ending;
        made.add(name);
        return name;
    }

    private RandomAccessFile create(String name) throws IOException {
        return new RandomAccessFile(new File(folder, name), "rw");
    }

    private static void all(FileChannel to, ByteBuffer bytes, long at) throws IOException {
        long place = at;
        while (bytes.hasRemaining()) {
            place += to.write(bytes, place);
        }
    }

    /** Numbers in a file of their own, behind the room for its head. */
    void numbers(Writer out, Numbers numbers) throws IOException {
        String name = name(".npy");
        try (RandomAccessFile file = create(name)) {
            file.setLength(Wire.NPY_HEAD);
            file.seek(Wire.NPY_HEAD);
            numbers.writeTo(file.getChannel());
        }
        out.ref(name, Wire.NPY_HEAD, numbers.size());
    }

    void bytes(Writer out, byte[] bytes) throws IOException {
        String name = name(".bin");
        try (FileOutputStream file = new FileOutputStream(new File(folder, name))) {
            file.write(bytes);
        }
        out.ref(name, 0, bytes.length);
    }

    /** A copy of the file at `source`. */
    void file(Writer out, Path source) throws IOException {
        Path last = source.getFileName();
        String base = last == null ? "" : last.toString();
        String safe = base.replaceAll("[^A-Za-z0-9._-]", "_");
        String name = name("-" + safe.substring(Math.max(0, safe.length() - 100)));
        File target = new File(folder, name);
        try (InputStream from = Files.newInputStream(source);
                FileOutputStream to = new FileOutputStream(target)) {
            from.transferTo(to);
        } catch (NoSuchFileException fault) {
            throw new Unsupported("the file `" + source + "` does not exist");
        } catch (IOException fault) {
            throw new Unsupported("the file `" + source + "` cannot be read: " + fault.getMessage());
        }
        out.head(6, Wire.FILE);
        out.head(4, 3);
        out.text(base);
        out.text(media(base));
        out.ref(name, 0, target.length());
    }

    private static String media(String name) {
        switch (name.substring(name.lastIndexOf('.') + 1).toLowerCase()) {
            case "csv":
                return "text/csv";
            case "gif":
                return "image/gif";
            case "html":
                return "text/html";
            case "jpg":
            case "jpeg":
                return "image/jpeg";
            case "json":
                return "application/json";
            case "md":
                return "text/markdown";
            case "pdf":
                return "application/pdf";
            case "png":
                return "image/png";
            case "svg":
                return "image/svg+xml";
            case "txt":
                return "text/plain";
            default:
                return "application/octet-stream";
        }
    }

    /** The columns of a table in a file of their own. */
    void table(Writer out, Table table) throws IOException {
        out.head(6, Wire.TABLE);
        out.head(4, 2);
        out.integer(table.size());
        out.head(4, table.parts.size());
        if (table.parts.isEmpty()) {
            return;
        }
        long at = 2048;
        for (Part part : table.parts) {
            at += 512 + Writer.utf8(part.name).length;
        }
        long[] place = {(at + 4095) / 4096 * 4096};
        String name = name(".arrow");
        try (RandomAccessFile file = create(name)) {
            for (Part part : table.parts) {
                out.head(4, 5);
                out.text(part.name);
                out.text(part.type);
                piece(out, name, file, place, part.valid);
                piece(out, name, file, place, part.data);
                piece(out, name, file, place, part.offsets);
            }
            file.setLength(place[0]);
        }
    }

    private static void piece(Writer out, String name, RandomAccessFile file, long[] place, ByteBuffer bytes)
            throws IOException {
        if (bytes == null) {
            out.put(0xf6);
            return;
        }
        long at = (place[0] + 63) / 64 * 64;
        ByteBuffer all = bytes.duplicate();
        all.rewind();
        out.ref(name, at, all.remaining());
        place[0] = at + all.remaining();
        all(file.getChannel(), all, at);
    }

    private synchronized void commit() {
        Writer out = new Writer();
        out.head(5, 4);
        out.text("polyrun");
        out.integer(1);
        out.text("exports");
        out.head(5, values.size());
        for (Map.Entry<String, byte[]> one : values.entrySet()) {
            out.text(one.getKey());
            out.raw(one.getValue());
        }
        out.text("refused");
        out.head(5, refused.size());
        for (Map.Entry<String, String> one : refused.entrySet()) {
            out.text(one.getKey());
            out.text(one.getValue());
        }
        out.text("defined");
        out.head(4, defined.size());
        for (String name : defined) {
            out.text(name);
        }
        File part = new File(folder, "values.part");
        try (FileOutputStream file = new FileOutputStream(part)) {
            file.write(out.data());
        } catch (IOException fault) {
            fail(fault.getMessage());
        }
        if (!part.renameTo(new File(folder, "values.cbor"))) {
            fail("the value file cannot be made");
        }
    }

    private static void fail(String why) {
        System.err.println("the exported values cannot be written: " + why);
        Runtime.getRuntime().halt(70);
    }
}
