cd /tmp
cat > A.java <<'J'
public class A {
  public static void main(String[] a) throws Exception {
    new Thread(() -> {}).start();
    System.out.println(java.net.NetworkInterface.getNetworkInterfaces().hasMoreElements());
    new ProcessBuilder("true").start().waitFor();
  }
}
J
java -Xmx256m A.java
