"""What the samples do not show of Java: the ways out of `main`, what its compiler says, columns of every type."""

from __future__ import annotations

from pathlib import Path

from conformance.values.test_value_conformance import run, told


def stdout(folder: Path, document: str) -> str:
    blocks = run(folder, document)
    for block in blocks:
        assert block["status"] == "ok", told(block)
    return "".join(str(block["stdout"]) for block in blocks)


def test_every_way_out_of_main_hands_over(tmp_path: Path) -> None:
    document = """\
#lang:java name=early
#export: total, words
long total = 1;
List<String> words = new ArrayList<>();
Runnable never = () -> { return; };
for (int n = 0; n < 9; n++) {
  if (n == 3) try { return; } finally { total = n; words.add("last"); }
}
#end
#lang:java name=exit
#export: count
int count;
count = 4;
if (args.length == 0) System.exit(0);
count = 5;
while (count == 5) {}
#end
#lang:java name=program
#export: sum
package some.where;
public class Program {
  static double sum = 0.5;
  public static void main(String[] args) {
    switch (args.length) { case 0 -> { sum++; return; } default -> throw new IllegalStateException(); }
  }
}
#end
#lang:java name=method
#export: squares, base
int base = 2;
void square(int n) { polyrun.Values.put("squares", List.of(n * n, base)); }
square(3);
square(4);
#end
#lang:java
#import: early.total, early.words, exit.count, program.sum, method.squares, method.base
String all() { return total + " " + words + " " + count + " " + sum + " " + squares + " " + base; }
System.out.println(all());
#end
"""
    assert stdout(tmp_path, document) == "3 [last] 4 1.5 [16, 2] 2\n"


def test_what_the_compiler_says_is_about_the_document(tmp_path: Path) -> None:
    blocks = """\
#lang:java
#export: total
var total = List.of(new Thread());
if (args.length == 0) return;
#end
#lang:java
#export: total
int total = 1; // one
\tint other = "x"; if (args.length == 0) return;
#end
#lang:java
#export: total
int total = 1;
polyrun.Values.put("totl", total);
#end
#lang:java
#export: total
record Lock(Object key, Runnable run) {}
var total = new Lock(1, null);
#end
"""
    unreadable, wrong, unknown, record = (str(block["build"]["stderr"]) for block in run(tmp_path, blocks))  # type: ignore[index]
    assert unreadable.startswith(
        "values.mix:3: error: `total` cannot be exported: `Thread` has no form that other languages could read\n"
        "var total = List.of(new Thread());\n    ^\n"
    )
    assert wrong == (
        "values.mix:9: error: incompatible types: String cannot be converted to int\n"
        '\tint other = "x"; if (args.length == 0) return;\n\t            ^\n1 error\n'
    )
    assert unknown.startswith("values.mix:14: error: `totl` is not exported: add `#export: totl` to the block\n")
    assert record.startswith("values.mix:19: error: `total` cannot be exported: its component `run`: `Runnable` has")


def test_what_only_shows_at_the_end_is_refused(tmp_path: Path) -> None:
    document = """\
#lang:java
#export: half
Object half = "\\ud800";
#end
#lang:java
#export: self
var self = new ArrayList<Object>();
self.add(self);
#end
#lang:java
#export: many
Collection<Integer> many = new HashSet<>(List.of(1, 2));
#end
#lang:java
#export: gone
int gone = 1;
int[] none = {};
System.out.println(none[gone]);
#end
#lang:java
#export: minus
int other = 1; // minus
#end
"""
    half, self, many, gone, minus = run(tmp_path, document)
    assert "a lone surrogate, U+D800" in str(half["reason"])
    assert "holds itself" in str(self["reason"])
    assert "a `HashSet` has no order" in str(many["reason"])
    assert gone["exit_code"] == 1
    assert str(gone["stderr"]).endswith("at Main.main(values.mix:18)\n")
    assert minus["status"] == "export_missing"
    assert minus["problem"]["hint"] == "it has `other`"  # type: ignore[index]


def test_columns_of_every_type_come_back(tmp_path: Path) -> None:
    document = """\
#lang:java name=make
#export: t
var berlin = ZoneId.of("Europe/Berlin");
var t = new polyrun.Table()
  .add("time", Arrays.asList(LocalTime.of(1, 2, 3, 4), null))
  .add("plain", List.of(LocalDateTime.of(2026, 1, 2, 3, 4), LocalDateTime.of(1900, 1, 2, 3, 4)))
  .add("zone", Stream.of(7, 1).map(month -> ZonedDateTime.of(2026, month, 1, 12, 0, 0, 0, berlin)).toList())
  .add("offset", Arrays.asList(null, OffsetDateTime.of(2026, 7, 1, 12, 0, 0, 0, ZoneOffset.ofHours(-3))))
  .add("span", List.of(Duration.ofMillis(-250), Duration.ofDays(400)))
  .add("price", List.of(new BigDecimal("-1.5"), new BigDecimal("12345678901234567890.25")))
  .add("raw", List.of(new byte[] {1, -1}, new byte[0]))
  .add("small", new short[] {-1, 1})
  .add("real", new float[] {0.5f, -0.0f});
#end
#lang:java name=again
#import: make.t
#export: t
System.out.println(t.time + " " + t.plain + " " + t.zone + " " + t.offset + " " + t.span + " " + t.price);
System.out.println(t.raw.get(0)[1] + " " + t.small.stream().sum() + " " + t.real.type() + t.real);
try { t.offset.get(0).getHour(); } catch (NullPointerException fault) { System.out.println("null"); }
#end
#lang:java
#import: make.t, again.t as u
String told(polyrun.Table table) { return table.row(0).toString().replaceAll("B@\\\\w+", ""); }
System.out.println(told(t).equals(told(u)));
#end
"""
    assert stdout(tmp_path, document) == (
        "[01:02:03.000000004, null] [2026-01-02T03:04, 1900-01-02T03:04] "
        "[2026-07-01T12:00+02:00[Europe/Berlin], 2026-01-01T12:00+01:00[Europe/Berlin]] "
        "[null, 2026-07-01T12:00-03:00] [PT-0.25S, PT9600H] [-1.50, 12345678901234567890.25]\n"
        "-1 0 float32[0.5, -0.0]\nnull\ntrue\n"
    )


def test_a_large_array_is_mapped_and_comes_back(tmp_path: Path) -> None:
    document = """\
#lang:java name=make
#export: xs, grid
double[] xs = new double[1_000_000];
for (int n = 0; n < xs.length; n++) xs[n] = n;
float[][] grid = new float[1000][300];
grid[999][299] = 1;
#end
#lang:java
#import: xs, grid
double sum = xs.stream().sum();
System.out.println(sum + " " + xs.bytes().isDirect() + " " + grid.get(999, 299) + " " + Arrays.toString(grid.shape()));
try { xs.set(1, 0); } catch (java.nio.ReadOnlyBufferException fault) { System.out.println("read-only"); }
#end
"""
    assert stdout(tmp_path, document) == "4.999995E11 true 1.0 [1000, 300]\nread-only\n"


def test_integers_and_floats_mixed_lose_nothing(tmp_path: Path) -> None:
    document = """\
#lang:python
#export: near, far, rows
near = [1, 0.5]
far = [2**53 + 1, 0.5]
rows = [{"b": 1, "a": None}, {"a": 2}, {"a": 3, "b": 2**70}]
#end
#lang:java
#import: near, rows
#export: rows
Double first = near.get(0);
BigInteger last = rows.get(2).b;
System.out.println(first + " " + last + " " + rows.get(1).b + " " + rows.get(1).containsKey("b") + " " + rows.get(2));
#end
#lang:python
#import: rows
print(rows)
#end
#lang:java
#import: far
System.out.println(far);
#end
"""
    _, java, python, far = run(tmp_path, document)
    assert java["stdout"] == f"1.0 {2**70} null false {{a=3, b={2**70}}}\n", told(java)
    assert python["stdout"] == f"[{{'b': 1, 'a': None}}, {{'a': 2}}, {{'a': 3, 'b': {2**70}}}]\n", told(python)
    assert far["exit_code"] == 70
    assert str(far["stderr"]).startswith("`far` cannot be imported: the integer 9007199254740993 stands among floats")
