"""Python blocks behave as scripts do, down to what few programs look at."""

from __future__ import annotations

import pytest

from conformance.languages.harness import Bench, BenchOf


@pytest.fixture
def python(bench_of: BenchOf) -> Bench:
    return bench_of("python")


def test_main_is_a_clean_module_named_after_the_document(python: Bench) -> None:
    ended = python.run("import os, sys\nprint(sorted(globals()), __name__, os.path.basename(__file__), sys.argv[1:])")
    names = "['__builtins__', '__doc__', '__file__', '__loader__', '__name__', '__package__', '__spec__', 'os', 'sys']"
    assert ended.stdout == f"{names} __main__ stats.mix []\n"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_finds_the_blocks_functions(python: Bench, method: str) -> None:
    code = f"""
import multiprocessing

def square(x):
    return x * x

if __name__ == "__main__":
    with multiprocessing.get_context("{method}").Pool(2) as pool:
        print(pool.map(square, [1, 2, 3]))
"""
    ended = python.run(code)
    assert (ended.code, ended.stdout, ended.stderr) == (0, "[1, 4, 9]\n", "")


def test_fault_in_a_spawned_process_names_the_document(python: Bench) -> None:
    code = """
import multiprocessing

def fail():
    raise LookupError

if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=fail)
    process.start()
    process.join()
"""
    ended = python.run(code, line=11)
    assert 'File "stats.mix", line 15, in fail\n' in ended.stderr
    assert "code.py" not in ended.stderr


def test_pickle_round_trips_a_class_of_the_block(python: Bench) -> None:
    code = "import pickle\nclass A:\n    x = 1\nprint(pickle.loads(pickle.dumps(A())).x)"
    assert python.run(code).stdout == "1\n"


def test_traceback_shows_source_lines_also_after_a_change_of_folder(python: Bench) -> None:
    ended = python.run(
        "import os, traceback\nos.chdir('/')\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    traceback.print_exc()"
    )
    assert 'File "stats.mix", line 15, in <module>\n    1 / 0\n' in ended.stderr


def test_chained_exceptions_hold_no_frame_of_ours(python: Bench) -> None:
    ended = python.run("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError from e")
    assert ended.stderr.count("File ") == ended.stderr.count('File "stats.mix"') == 2


def test_input_and_system_exit_with_a_message(python: Bench) -> None:
    ended = python.run("import sys\nsys.exit(input('? '))", stdin=b"bye\n")
    assert (ended.code, ended.stdout, ended.stderr) == (1, "? ", "bye\n")


def test_module_beside_the_document_is_importable_but_shadows_nothing(python: Bench) -> None:
    files = {"beside.py": "x = 5", "json.py": "raise SystemExit('shadowed')", "sitecustomize.py": "raise SystemExit(9)"}
    ended = python.run("import beside, json\nprint(beside.x, json.dumps(1))", files=files)
    assert (ended.code, ended.stdout, ended.stderr) == (0, "5 1\n", "")


def test_future_import_docstring_and_annotations(python: Bench) -> None:
    ended = python.run('"""Doc."""\nfrom __future__ import annotations\nx: int = 1\nprint(__doc__, __annotations__)')
    assert ended.stdout == "Doc. {'x': 'int'}\n"


def test_inspect_gets_the_source_of_a_function(python: Bench) -> None:
    assert (
        python.run("import inspect\ndef f():\n    return 1\nprint(inspect.getsource(f))").stdout
        == "def f():\n    return 1\n\n"
    )


def test_doctest_and_dataclasses_find_their_module(python: Bench) -> None:
    code = '''
import dataclasses, doctest, typing

@dataclasses.dataclass
class P:
    """
    >>> P(1).x
    1
    """
    x: "int"

print(doctest.testmod(), typing.get_type_hints(P))
'''
    assert python.run(code).stdout == "TestResults(failed=0, attempted=1) {'x': <class 'int'>}\n"


def test_interrupt_ends_as_a_signal(python: Bench) -> None:
    ended = python.run("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    assert ended.code == -2
    assert ended.stderr.endswith("KeyboardInterrupt\n")
    assert "run.py" not in ended.stderr


def test_asyncio_and_threads_report_the_documents_lines(python: Bench) -> None:
    code = "import threading\ndef f():\n    raise ValueError\nt = threading.Thread(target=f)\nt.start()\nt.join()"
    assert 'File "stats.mix", line 14, in f\n    raise ValueError\n' in python.run(code).stderr


def test_invalid_utf8_is_a_syntax_error_of_the_document(python: Bench) -> None:
    ended = python.run(b"x = 1\ny = '\xff'\n")
    assert ended.code == 1
    assert "stats.mix" in ended.stderr
