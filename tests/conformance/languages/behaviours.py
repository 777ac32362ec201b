"""The same behaviour written in every language; a language that is not here fails the suite."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Behaviour:
    """`echo` prints stdin in upper case, `exit3` exits with 3, `beside` prints the file `data.txt`.

    `args` prints its arguments. A language in which a program cannot choose its exit code ends `exit3` by
    its own failure, with `exit_code`.

    `fails` fails on its last line: at run time
    or, where that has no position, when it is built. `unclosed` opens a bracket on its first line and never closes it.
    """

    echo: str
    exit3: str
    beside: str
    args: str
    fails: str
    unclosed: str
    exit_code: int = 3


BEHAVIOURS = {
    "python": Behaviour(
        echo="import sys\nprint(sys.stdin.read().upper(), end='')",
        exit3="import sys\nsys.exit(3)",
        beside="print(open('data.txt').read(), end='')",
        args="import sys\nprint(sys.argv[1:])",
        fails="x = 1\nraise SystemError(x)",
        unclosed="x = [1,\ny = 2\n",
    ),
    "bash": Behaviour(
        echo="tr a-z A-Z",
        exit3="exit 3",
        beside="cat data.txt",
        args='echo "$@"',
        fails="x=1\nno_such_command",
        unclosed="if true; then\necho x\n",
    ),
    "c": Behaviour(
        echo="int c;\nwhile ((c = getchar()) != EOF) putchar(toupper(c));",
        exit3="return 3;",
        beside='FILE *f = fopen("data.txt", "r");\nint c;\nwhile ((c = getc(f)) != EOF) putchar(c);',
        args="for (int i = 1; i < argc; i++) puts(argv[i]);",
        fails="int x = 1;\nassert(x == 2);",
        unclosed='if (1) {\nputs("x");\n',
    ),
    "cpp": Behaviour(
        echo="string s;\nwhile (getline(cin, s)) {\n  for (char &c : s) c = toupper(c);\n  cout << s << '\\n';\n}",
        exit3="return 3;",
        beside='ifstream f("data.txt");\ncout << f.rdbuf();',
        args="for (int i = 1; i < argc; i++) cout << argv[i] << endl;",
        fails="int x = 1;\nassert(x == 2);",
        unclosed='if (1) {\nputs("x");\n',
    ),
    "javascript": Behaviour(
        echo="process.stdout.write(require('fs').readFileSync(0, 'utf8').toUpperCase())",
        exit3="process.exitCode = 3",
        beside="process.stdout.write(require('fs').readFileSync('data.txt'))",
        args="console.log(process.argv.slice(2))",
        fails="const x = 1;\nthrow new Error(x);",
        unclosed="if (1) {\nconsole.log(1)\n",
    ),
    "typescript": Behaviour(
        echo="import fs from 'node:fs';\nprocess.stdout.write(fs.readFileSync(0, 'utf8').toUpperCase() as string);",
        exit3="process.exitCode = 3 satisfies number;",
        beside="const fs = require('fs');\nprocess.stdout.write(fs.readFileSync('data.txt'));",
        args="const rest: string[] = process.argv.slice(2);\nconsole.log(rest);",
        fails="const x: number = 1;\nthrow new Error(`${x}`);",
        unclosed="if (1) {\nconsole.log(1)\n",
    ),
    "sql": Behaviour(
        echo="COPY (SELECT upper(line)\nFROM read_csv('/dev/stdin', columns = {'line': 'VARCHAR'}, header = false))\n"
        "TO '/dev/stdout' (HEADER false);",
        exit3="SELECT error('no');",
        exit_code=1,
        beside="COPY (FROM read_csv('data.txt', columns = {'line': 'VARCHAR'}, header = false))\n"
        "TO '/dev/stdout' (HEADER false);",
        args="SELECT getvariable('args') AS args;",
        fails="SELECT 1;\nSELECT error('no');",
        unclosed="SELECT (1,\n2;\n",
    ),
    "ruby": Behaviour(
        echo="print $stdin.read.upcase",
        exit3="exit 3",
        beside="print File.read('data.txt')",
        args="p ARGV",
        fails="x = 1\nraise x.to_s",
        unclosed="if true\nputs 1\n",
    ),
    "perl": Behaviour(
        echo="print uc while <STDIN>;",
        exit3="exit 3;",
        beside="open my $f, '<', 'data.txt' or die;\nprint <$f>;",
        args='print "@ARGV\\n";',
        fails="my $x = 1;\ndie $x;",
        unclosed="if (1) {\nprint 1;\n",
    ),
    "php": Behaviour(
        echo="echo strtoupper(stream_get_contents(STDIN));",
        exit3="exit(3);",
        beside="echo file_get_contents(__DIR__ . '/data.txt');",
        args="print_r(array_slice($argv, 1));",
        fails="$x = 1;\nthrow new Exception($x);",
        unclosed="if (true) {\necho 1;\n",
    ),
    "lua": Behaviour(
        echo="io.write(io.read('a'):upper())",
        exit3="os.exit(3)",
        beside="for line in io.lines('data.txt') do print(line) end",
        args="print(table.unpack(arg))",
        fails="local x = 1\nerror(x .. '')",
        unclosed="if true then\nprint(1)\n",
    ),
    "r": Behaviour(
        echo="writeLines(toupper(readLines('stdin')))",
        exit3="quit(status = 3)",
        beside="cat(readLines('data.txt'), sep = '\\n')",
        args="commandArgs(trailingOnly = TRUE)",
        fails="x <- 1\nstop(x)",
        unclosed="if (TRUE) {\nprint(1)\n",
    ),
    "java": Behaviour(
        echo="var in = new Scanner(System.in);\n"
        "while (in.hasNextLine()) System.out.println(in.nextLine().toUpperCase());",
        exit3="System.exit(3);",
        beside='System.out.print(Files.readString(Path.of("data.txt")));',
        args="System.out.println(List.of(args));",
        fails="int x = 0;\nSystem.out.println(1 / x);",
        unclosed="if (true) {\nSystem.out.println(1);\n",
    ),
    "rust": Behaviour(
        echo='let mut s = String::new();\nio::stdin().read_to_string(&mut s)?;\nprint!("{}", s.to_uppercase());',
        exit3="std::process::exit(3)",
        beside='print!("{}", fs::read_to_string("data.txt")?)',
        args='for arg in env::args().skip(1) { println!("{arg}"); }',
        fails="let x: Option<i32> = None;\nx.unwrap();",
        unclosed='if true {\nprintln!("x");\n',
    ),
    "go": Behaviour(
        echo="b, _ := io.ReadAll(os.Stdin)\nfmt.Print(strings.ToUpper(string(b)))",
        exit3="os.Exit(3)",
        beside='b, _ := os.ReadFile("data.txt")\nfmt.Print(string(b))',
        args="fmt.Println(os.Args[1:])",
        fails="x := 1\npanic(x)",
        unclosed="if true {\nfmt.Println(1)\n",
    ),
}
