"""Programs that hide what they do from whoever reads them, and words that could be taken for commands.

Rows 73, 81, 83, 85 and 86. What static analysis does not find must be denied when it runs; what the analysis finds is
tested with it (rows 84 and 87).
"""

from __future__ import annotations

from polyrun.selftest.catalogue.attack import SECRET, Attack, Expect

_GONE = "ENOENT|EACCES|EPERM|EROFS|ENOTDIR|ENXIO"

_WORDS = ("; touch {planted}/owned owned #", "$(touch {planted}/owned)", "-c", "'\"")

ATTACKS = (
    Attack(
        rows=(73,),
        name="words-for-a-shell",
        title="arguments that a shell would take for commands",
        program="""
wanted = [word.replace("{planted}", P["planted"]) for word in WORDS]
tell("as given", sys.argv[2:] == wanted)
tell("file", "there" if os.path.exists("owned") else "none")
""".replace("WORDS", repr(_WORDS)),
        arguments=_WORDS,
        held=Expect(facts={"as given": "True", "file": "none"}),
        capable={"file:owned": "yes"},
    ),
    Attack(
        rows=(81,),
        name="same-seed",
        title="be dealt the same random numbers as the box before",
        program="""
import random
mine = {
    "urandom": os.urandom(16).hex(), "random": str(random.random()), "hash": str(hash("polyrun")),
    "uuid": read("/proc/sys/kernel/random/uuid"), "address": str(id(object())),
}
if os.path.exists("seeds"):
    theirs = json.loads(read("seeds"))
    for name in ("urandom", "random", "uuid"):
        tell(name, "the same" if mine[name] == theirs[name] else "different")
else:
    write("seeds", json.dumps(mine).encode())
    tell("urandom", "no")
""",
        times=2,
        held=Expect(facts=dict.fromkeys(("urandom", "random", "uuid"), "different")),
        not_shown="two starts differ everywhere; only a place that is cloned could deal the same numbers twice",
    ),
    Attack(
        rows=(83,),
        name="names-put-together",
        title="reach the host through names that only exist when the program runs",
        program="""
path = P["planted"] + "/secret"
attempt("getattr", lambda: getattr(__builtins__, "op" + "en")(path).read().strip())
attempt("import", lambda: getattr(__import__("o" + "s"), "po" + "pen")("cat " + path).read().strip() or "ENOENT")
attempt("chr", lambda: eval("".join(map(chr, (111, 112, 101, 110))))(path).read().strip())
attempt("loader", lambda: __loader__.get_data(path).decode().strip())
attempt("subclasses", lambda: next(
    c for c in ().__class__.__base__.__subclasses__() if c.__name__ == "FileLoader"
).get_data(None, path).decode().strip())
attempt("frame", lambda: sys._getframe(0).f_builtins["open"](path).read().strip())
""",
        held=Expect(facts=dict.fromkeys(("getattr", "import", "chr", "loader", "subclasses", "frame"), _GONE)),
        capable=dict.fromkeys(("getattr", "import", "chr", "loader", "frame"), SECRET),
    ),
    Attack(
        rows=(85,),
        name="other-letters",
        title="write a call in letters that look different, in Base64, or behind a comment that is none",
        program="""
import base64, codecs
path = P["planted"] + "/secret"
attempt("homoglyphs", lambda: eval("\\uff4f\\U0001d429\\U0001d41e\\U0001d427(path)", {"path": path}).read().strip())
hidden = base64.b64encode(b"word = open(path).read().strip()")
def run(code):
    names = {"path": path}
    exec(code, names)
    return names["word"]
attempt("base64", lambda: run(base64.b64decode(hidden)))
attempt("rot13", lambda: run(codecs.decode("jbeq = bcra(cngu).ernq().fgevc()", "rot13")))
attempt("utf-7", lambda: run(b"# coding: utf-7\\nword = +AG8-pen(path).read().strip()"))
attempt("comment", lambda: run("# nothing to see \\x0c\\rword = open(path).read().strip()"))
""",
        held=Expect(facts=dict.fromkeys(("homoglyphs", "base64", "rot13", "utf-7", "comment"), _GONE)),
        capable=dict.fromkeys(("homoglyphs", "base64", "rot13", "comment"), SECRET),
    ),
    Attack(
        rows=(86,),
        name="another-language",
        title="let a program in another language do it",
        program="""
path = P["planted"] + "/secret"
def through(*argv):
    import subprocess
    done = subprocess.run(argv, capture_output=True, text=True, timeout=3)
    return done.stdout.strip() or "ENOENT"
attempt("shell", lambda: through("/bin/sh", "-c", f"cat '{path}'"))
attempt("nested", lambda: through("/bin/sh", "-c", f"eval $(printf '\\\\143\\\\141\\\\164') '{path}'"))
attempt("awk", lambda: through("awk", "{ print }", path))
attempt("perl", lambda: through("perl", "-pe", "1", path))
attempt("written", lambda: (write("tool.sh", b"#!/bin/sh\\nexec cat \\"$1\\"\\n"), os.chmod("tool.sh", 0o755),
                            through("./tool.sh", path))[2])
""",
        held=Expect(facts=dict.fromkeys(("shell", "nested", "awk", "perl", "written"), _GONE)),
        capable={"shell": SECRET, "nested": SECRET, "written": SECRET},
    ),
)  # fmt: skip
