// total
package polyrun.block;

/** What is generated for a block, for the archive of classes that a compilation loads (see `prepare.sh`). */
@SuppressWarnings("unchecked")
public final class Imports {
    private Imports() {}

    public static long count = (long) polyrun.Values.take("count", "long");
    public static java.util.List<java.lang.String> names =
            (java.util.List<java.lang.String>) polyrun.Values.take("names", "java.util.List<java.lang.String>");
}
