package polyrun;

/** A value that cannot be handed over; the message is a sentence that says why. */
final class Unsupported extends RuntimeException {
    private static final long serialVersionUID = 1;

    Unsupported(String why) {
        super(why, null, false, false);
    }
}
