import java.util.Map;
import java.util.TreeMap;

/** A source text, and what is put into it. */
final class Edits {
    private final String code;
    private final TreeMap<Integer, String> put = new TreeMap<>();

    Edits(String code) {
        this.code = code;
    }

    /** Puts `text` before what stands at `place`. */
    void put(int place, String text) {
        put.merge(place, text, String::concat);
    }

    String text() {
        return edited(0, code.length());
    }

    private String edited(int start, int end) {
        StringBuilder text = new StringBuilder();
        int at = start;
        for (Map.Entry<Integer, String> one : put.subMap(start, true, end, true).entrySet()) {
            text.append(code, at, one.getKey()).append(one.getValue());
            at = one.getKey();
        }
        return text.append(code, at, end).toString();
    }

    /** What the compiler says, with the lines that it quotes as they were, and what points at them moved too. */
    String unedited(String messages) {
        String told = messages;
        int last = -1;
        for (int place : put.keySet()) {
            int start = code.lastIndexOf('\n', place - 1) + 1;
            if (start != last) {
                int end = code.indexOf('\n', place);
                end = end < 0 ? code.length() : end;
                told = unedited(told, start, end > start && code.charAt(end - 1) == '\r' ? end - 1 : end);
                last = start;
            }
        }
        return told;
    }

    private String unedited(String messages, int start, int end) {
        String[] lines = messages.split("\n", -1);
        String quoted = edited(start, end);
        for (int n = 0; n < lines.length; n++) {
            if (lines[n].equals(quoted)) {
                lines[n] = code.substring(start, end);
                if (n + 1 < lines.length && lines[n + 1].trim().equals("^")) {
                    int column = original(start, end, lines[n + 1].indexOf('^'));
                    String before = lines[n].substring(0, Math.min(column, lines[n].length()));
                    lines[n + 1] = before.replaceAll("[^\t]", " ") + "^";
                }
            }
        }
        return String.join("\n", lines);
    }

    /** Where in the line from `start` the text stands that is at `column` of the line with all that was put there. */
    private int original(int start, int end, int column) {
        int at = column;
        int shift = 0;
        for (Map.Entry<Integer, String> one : put.subMap(start, true, end, true).entrySet()) {
            int from = one.getKey() - start + shift;
            if (column < from) {
                break;
            }
            int length = one.getValue().length();
            at -= Math.min(length, column - from);
            shift += length;
        }
        return Math.max(at, 0);
    }
}
