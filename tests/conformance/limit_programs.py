"""Programs that reach for a limit, in every language; a language that is not here fails the suite."""

from __future__ import annotations

from typing import NamedTuple


class Reaches(NamedTuple):
    """`busy` never ends, `hog` takes all memory, `print` writes 10 MB of `x`, `kill` ends itself by SIGKILL.

    There is no `kill` where programs know nothing of processes. With an `own_heap` the runtime is told its share of
    memory and gives up by itself.
    """

    busy: str
    hog: str
    print: str
    kill: str | None = None
    own_heap: bool = False


PROGRAMS = {
    "python": Reaches(
        busy="while True: pass",
        hog="a = []\nwhile True: a.append(bytearray(1 << 20))",
        print="import sys\nfor _ in range(10): sys.stdout.write('x' * 1_000_000)",
        kill="import os\nos.kill(os.getpid(), 9)",
    ),
    "bash": Reaches(
        busy="while :; do :; done",
        hog='x=xxxxxxxxxxxxxxxx; while :; do x="$x$x"; done',
        print="head -c 10000000 /dev/zero | tr '\\0' x",
        kill="kill -9 $$",
    ),
    "c": Reaches(
        busy="for (volatile int i = 0;; i++);",
        hog="for (;;) memset(malloc(1 << 20), 1, 1 << 20);",
        print="for (int i = 0; i < 10000000; i++) putchar('x');",
        kill="#include <signal.h>\nraise(SIGKILL);",
    ),
    "cpp": Reaches(
        busy="for (volatile int i = 0;; i = i + 1);",
        hog="vector<string> v;\nfor (;;) v.emplace_back(1 << 20, 'x');",
        print="cout << string(10000000, 'x');",
        kill="#include <csignal>\nraise(SIGKILL);",
    ),
    "javascript": Reaches(
        busy="for (;;);",
        hog="const a = []; for (;;) a.push(Buffer.alloc(1 << 20, 1));",
        print="process.stdout.write('x'.repeat(10000000))",
        kill="process.kill(process.pid, 'SIGKILL'); for (;;);",
        own_heap=True,
    ),
    "typescript": Reaches(
        busy="for (;;);",
        hog="const a: Buffer[] = []; for (;;) a.push(Buffer.alloc(1 << 20, 1));",
        print="process.stdout.write('x'.repeat(10000000))",
        kill="process.kill(process.pid, 'SIGKILL'); for (;;);",
        own_heap=True,
    ),
    "sql": Reaches(
        busy="SELECT max(hash(range)) FROM range(1000000000000);",
        hog="CREATE TABLE a AS SELECT random() AS x, uuid() AS y FROM range(1000000000);",
        print="COPY (SELECT repeat('x', 10000000)::BLOB) TO '/dev/stdout' (FORMAT blob);",
        own_heap=True,
    ),
    "ruby": Reaches(
        busy="loop {}",
        hog="a = []\nloop { a << 'x' * (1 << 20) }",
        print="10.times { print 'x' * 1_000_000 }",
        kill="Process.kill(9, $$)",
    ),
    "perl": Reaches(
        busy="1 while 1;",
        hog="my @a; push @a, 'x' x (1 << 20) while 1;",
        print="print 'x' x 1_000_000 for 1..10;",
        kill="kill 9, $$;",
    ),
    "php": Reaches(
        busy="while (true);",
        hog="$a = [];\nwhile (true) $a[] = str_repeat('x', 1 << 20);",
        print="for ($i = 0; $i < 10; $i++) echo str_repeat('x', 1_000_000);",
        kill="exec('kill -9 $PPID');\nwhile (true);",
    ),
    "lua": Reaches(
        busy="while true do end",
        hog="local a = {}\nwhile true do a[#a + 1] = ('x'):rep(1 << 20) .. #a end",
        print="for _ = 1, 10 do io.write(('x'):rep(1000000)) end",
        kill="os.execute('kill -9 $PPID')\nwhile true do end",
    ),
    "r": Reaches(
        busy="while (TRUE) {}",
        hog="a <- list()\nrepeat a[[length(a) + 1]] <- numeric(1e6) + 1",
        print="for (i in 1:10) cat(strrep('x', 1e6))",
        kill="tools::pskill(Sys.getpid(), 9)",
    ),
    "java": Reaches(
        busy="int i = 0;\nwhile (true) { i++; }",
        hog="var a = new ArrayList<byte[]>();\nwhile (true) a.add(new byte[1 << 20]);",
        print='for (int i = 0; i < 10; i++) System.out.print("x".repeat(1000000));',
        kill="ProcessHandle.current().pid();\n"
        'new ProcessBuilder("sh", "-c", "kill -9 $PPID").start().waitFor();\nwhile (true) {}',
        own_heap=True,
    ),
    "rust": Reaches(
        busy="loop { std::hint::spin_loop(); }",
        hog="let mut v: Vec<Vec<u8>> = Vec::new();\nloop { v.push(vec![1; 1 << 20]); }",
        print='print!("{}", "x".repeat(10_000_000));',
        kill='std::process::Command::new("sh").args(["-c", "kill -9 $PPID"]).status()?;\nloop {}',
    ),
    "go": Reaches(
        busy="for i := 0; ; i++ {\n}",
        hog='var a []string\nfor {\n\ta = append(a, strings.Repeat("x", 1<<20))\n}\nfmt.Println(len(a))',
        print='fmt.Print(strings.Repeat("x", 10000000))',
        kill='import "syscall"\nsyscall.Kill(os.Getpid(), syscall.SIGKILL)\nfor {\n}',
    ),
}
