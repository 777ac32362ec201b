package polyrun;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Reads items of a value file one after another. */
final class Reader {
    private final byte[] data;
    private int at;
    private int first;
    private long number;

    Reader(byte[] data, int at) {
        this.data = data;
        this.at = at;
    }

    int at() {
        return at;
    }

    void seek(int place) {
        at = place;
    }

    /** The major type of the next item; `number()` is what its head says, `first()` the byte it begins with. */
    int head() {
        first = data[at++] & 0xff;
        int info = first & 31;
        number = info;
        if (info >= 24) {
            number = 0;
            for (int left = 1 << (info - 24); left > 0; left--) {
                number = number << 8 | data[at++] & 0xff;
            }
        }
        return first >> 5;
    }

    long number() {
        return number;
    }

    int first() {
        return first;
    }

    /** Go past the head of an item of that major type; how many things are in it. */
    int size(int major) {
        if (head() != major) {
            throw new Unsupported("the value file is damaged");
        }
        return (int) number;
    }

    long integer() {
        return head() == 0 ? number : -1 - number;
    }

    String text() {
        return decoded(size(3));
    }

    /** `size` bytes as text. */
    String decoded(int size) {
        at += size;
        return new String(data, at - size, size, StandardCharsets.UTF_8);
    }

    byte[] taken(int size) {
        byte[] bytes = new byte[size];
        System.arraycopy(data, at, bytes, 0, size);
        at += size;
        return bytes;
    }

    /** Whether null comes next; then it is gone past. */
    boolean isNull() {
        if ((data[at] & 0xff) != 0xf6) {
            return false;
        }
        at++;
        return true;
    }

    /** Bytes: those that follow, or those in a data file. */
    ByteBuffer bytes() {
        return head() == 2 ? ByteBuffer.wrap(taken((int) number)) : ref();
    }

    /** The bytes that a reference names, whose tag is gone past. */
    ByteBuffer ref() {
        size(4);
        String name = text();
        long offset = integer();
        return Inbox.get().bytes(name, offset, integer());
    }

    void skip() {
        int major = head();
        long count = number;
        switch (major) {
            case 2:
            case 3:
                at += (int) count;
                break;
            case 4:
            case 5:
                for (long left = major == 5 ? 2 * count : count; left > 0; left--) {
                    skip();
                }
                break;
            case 6:
                skip();
                break;
            default:
                break;
        }
    }
}
