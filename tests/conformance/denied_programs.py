"""Programs that want what the sandbox denies, one for each language; `PATH` stands for a path."""

from __future__ import annotations

from typing import NamedTuple


class Wants(NamedTuple):
    """Code that fails when the network, writing to a file or reading one is denied; `None` for what it cannot do.

    `unset` fails because the variable POLYRUN_TEST_TOKEN is not set, and says so in the language's own words.
    """

    net: str | None
    write: str
    read: str
    unset: str | None = None


PROGRAMS: dict[str, Wants] = {
    "python": Wants(
        'import urllib.request\nurllib.request.urlopen("http://example.com/")',
        'open("PATH", "w")',
        'open("PATH")',
        'import os\nprint(os.environ["POLYRUN_TEST_TOKEN"])',
    ),
    "c": Wants(
        "#include <netdb.h>\n#include <stdio.h>\nint main(void) {\nstruct addrinfo *a;\n"
        'int e = getaddrinfo("example.com", "80", 0, &a);\n'
        'if (e) fprintf(stderr, "example.com: %s\\n", gai_strerror(e)); return e != 0; }',
        'FILE *f = fopen("PATH", "w");\nif (!f) { perror("PATH"); return 1; }',
        'FILE *f = fopen("PATH", "r");\nif (!f) { perror("PATH"); return 1; }',
    ),
    "cpp": Wants(
        None,  # it is C's own function
        'std::filesystem::create_directory("PATH");',
        'std::filesystem::file_size("PATH");',
    ),
    "javascript": Wants(
        "require('node:http').get('http://example.com/');",
        "require('node:fs').writeFileSync('PATH', 'x');",
        "require('node:fs').readFileSync('PATH');",
        "const token = process.env.POLYRUN_TEST_TOKEN;\nif (!token) throw new Error('POLYRUN_TEST_TOKEN is not set');",
    ),
    "typescript": Wants(
        "import { connect } from 'node:net';\nconnect(80, '192.0.2.1');",
        "import { writeFileSync } from 'node:fs';\nwriteFileSync('PATH', 'x');",
        "import { readFileSync } from 'node:fs';\nreadFileSync('PATH');",
    ),
    "bash": Wants(
        "exec 3<>/dev/tcp/example.com/80",
        'set -e\necho x > "PATH"',
        'set -e\nread -r x < "PATH"',
        'set -u\necho "$POLYRUN_TEST_TOKEN"',
    ),
    "ruby": Wants(
        'require "socket"\nTCPSocket.new("example.com", 80)',
        'File.write("PATH", "x")',
        'File.read("PATH")',
        'puts ENV.fetch("POLYRUN_TEST_TOKEN")',
    ),
    "perl": Wants(
        'use IO::Socket::INET;\nIO::Socket::INET->new("example.com:80") or die "example.com: $@";',
        'open my $f, ">", "PATH" or die "cannot write PATH: $!";',
        'open my $f, "<", "PATH" or die "cannot read: $!";',
        'die "POLYRUN_TEST_TOKEN is missing" unless $ENV{POLYRUN_TEST_TOKEN};',
    ),
    "php": Wants(
        "$r = file_get_contents('http://example.com/') or exit(1);",
        "file_put_contents('PATH', 'x') or exit(1);",
        "file_get_contents('PATH') or exit(1);",
    ),
    "lua": Wants(
        "assert(os.execute([[perl -MSocket=:all -e 'my ($e) = getaddrinfo(q(example.com)); die $e if $e']]))",
        'assert(io.open("PATH", "w"))',
        'assert(io.open("PATH"))',
    ),
    "r": Wants(
        'url <- url("http://example.com/")\nreadLines(url)',
        'writeLines("x", "PATH")',
        'readLines("PATH")',
    ),
    "sql": Wants(
        "INSTALL httpfs;",
        "COPY (SELECT 1) TO 'PATH';",
        "FROM read_csv('PATH');",
    ),
    "java": Wants(
        'new java.net.URL("http://example.com/").openStream();',
        'Files.writeString(Path.of("PATH"), "x");',
        'new FileReader("PATH");',
    ),
    "rust": Wants(
        'std::net::TcpStream::connect("example.com:80").unwrap();',
        'std::fs::write("PATH", "x").unwrap();',
        'std::fs::read("PATH").unwrap();',
        'println!("{}", std::env::var("POLYRUN_TEST_TOKEN").unwrap());',
    ),
    "go": Wants(
        '_, err := net.Dial("tcp", "example.com:80")\nif err != nil { panic(err) }',
        'err := os.WriteFile("PATH", nil, 0o644)\nif err != nil { panic(err) }',
        '_, err := os.ReadFile("PATH")\nif err != nil { panic(err) }',
    ),
}
