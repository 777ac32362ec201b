package polyrun;

/** Numbers that value files are made of (docs/value-files.md): private tags of CBOR, and places in data files. */
interface Wire {
    int REF = 50500;
    int BIG_INT = 50501;
    int DECIMAL = 50502;
    int DATE = 50503;
    int TIME = 50504;
    int TIMESTAMP = 50505;
    int DURATION = 50506;
    int PACKED = 50507;
    int ARRAY = 50508;
    int TABLE = 50509;
    int FILE = 50510;

    /** Where the numbers of an array begin in their file. */
    int NPY_HEAD = 256;
    /** More bytes than that lie in a file of their own. */
    int INLINE_BYTES = 64 * 1024;
    /** A list of that many numbers is packed. */
    int PACK_FROM = 32;
    /** Values are not nested deeper. */
    int MAX_DEPTH = 64;
    /** Digits of the longest number. */
    int MAX_DIGITS = 4300;
    /** A decimal is not moved by more places. */
    int MAX_EXPONENT = 990_000;
}
