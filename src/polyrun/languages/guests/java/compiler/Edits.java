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

    /** A message of the compiler in which the lines that it quotes are as they were, and what points at them too. */
    String unedited(String message) {
        String told = message;
        for (int place : put.keySet()) {
            int start = code.lastIndexOf('\n', place - 1) + 1;
            int end = code.indexOf('\n', place);
            end = end < 0 ? code.length() : end;
            String quoted = "\n" + edited(start, end) + "\n";
            int found = told.indexOf(quoted);
            if (found >= 0) {
                int pointer = found + quoted.length();
                String rest = told.substring(pointer);
                int column = rest.indexOf('^');
                boolean points = column >= 0 && rest.substring(0, column).isBlank() && rest.indexOf('\n') != 0;
                String moved = points ? " ".repeat(original(start, end, column)) + rest.substring(column) : rest;
                told = told.substring(0, found) + "\n" + code.substring(start, end) + "\n" + moved;
            }
        }
        return told;
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
