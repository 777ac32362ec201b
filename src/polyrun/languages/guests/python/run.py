"""Run a block as Python runs a script: `run.py CODE DOCUMENT LINE [ARG...]`, started in the document's folder.

The block is compiled under the document's name with its lines where the document has them, and executed in
this very `__main__`, so that everything that looks there (pickle, multiprocessing, doctest) finds what it expects.
"""
# ruff: noqa: INP001 - a script, not a module of the package

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, TracebackType


def _load() -> "CodeType":
    """The block's code object; leaves `__main__` as empty as that of any script."""
    import faulthandler
    import os
    import sys

    code_path, document, line = sys.argv[1:4]
    handing: object = None
    guest = __file__
    folder = os.getcwd()
    with open(code_path, "rb") as file:
        source = b"\n" * (int(line) - 1) + file.read()

    class BlockLoader:
        """Gives `inspect`, `linecache` and `traceback` the lines even after the working folder has changed."""

        def get_source(self, _name: str) -> str:
            return source.decode("utf-8", "replace")

    def report(kind: type[BaseException], error: BaseException, trace: "TracebackType | None") -> None:
        """Print an uncaught error as Python does, without the frame of this file."""
        if handing is not None:
            handing.failed = True  # type: ignore[attr-defined]
        while trace is not None and trace.tb_frame.f_code.co_filename == guest:
            trace = trace.tb_next
        sys.__excepthook__(kind, error.with_traceback(trace), trace)

    faulthandler.register(64, chain=False)  # at SIGRTMAX, which comes when time is up: say where all threads are
    sys.excepthook = report
    sys.argv[:] = [os.path.join(folder, document), *sys.argv[4:]]
    # Last, so that a file beside the document never takes the place of a standard module; then the folder where a
    # spawned child process finds what to run again (`_block.py`, by the name in `__spec__`).
    sys.path += [folder, os.path.dirname(code_path)]
    names = globals()
    loader = BlockLoader()
    make_spec = type(sys.__spec__)  # `importlib.machinery.ModuleSpec`, whose import takes 2 ms
    spec = make_spec("_block", loader, origin=sys.argv[0])  # type: ignore[arg-type]
    kept = {"__builtins__": names["__builtins__"], "__name__": "__main__", "__doc__": None, "__package__": None}
    names.clear()
    names.update(kept, __file__=sys.argv[0], __loader__=loader, __spec__=spec)
    code = compile(source, document, "exec", dont_inherit=True)
    if "POLYRUN_IN" in os.environ:
        sys.path.insert(0, os.path.dirname(guest))
        from polyrun_guest.handing import Handing  # type: ignore[import-not-found]

        del sys.path[0]
        handing = Handing(source, names)
    return code


exec(_load())  # noqa: S102 - running the block is what this file is for
