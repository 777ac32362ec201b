"""What the samples do not show of values in JavaScript."""

from __future__ import annotations

from pathlib import Path

from conformance.values.test_value_conformance import run, told

COLUMNS = """#lang:python
#export: flags
import numpy as np
flags = np.array([True, False])
#end
#lang:javascript
#import: flags
#export: rows:table, none:table
const rows = {
  whole: Float64Array.of(1, 2), flags, small: Int8Array.of(-1, 2), big: BigUint64Array.of(1n, 2n ** 64n - 1n),
  part: new Float32Array([0, 1.5, 2.5, 0]).subarray(1, 3), bytes: Uint8Array.of(0, 255), list: [1, null],
};
const none = { number: new Int16Array(), text: [] };
#end
#lang:python
#import: rows, none
import pandas as pd
print([str(one) for one in rows.dtypes])
print([one.tolist() for _, one in rows.drop(columns="list").items()])
#end
"""


def test_typed_arrays_keep_their_type_as_columns(tmp_path: Path) -> None:
    blocks = run(tmp_path, COLUMNS)
    assert [block["status"] for block in blocks] == ["ok"] * 3, "".join(map(told, blocks))
    types = blocks[1]["exports"]["rows"]["columns"]  # type: ignore[index]
    assert types == {
        "whole": "float64", "flags": "bool", "small": "int8", "big": "uint64", "part": "float32", "bytes": "uint8",
        "list": "int64",
    }  # fmt: skip
    assert blocks[1]["exports"]["none"]["columns"] == {"number": "int16", "text": "str"}  # type: ignore[index]
    printed = str(blocks[2]["stdout"]).splitlines()
    assert printed[1] == "[[1.0, 2.0], [True, False], [-1, 2], [1, 18446744073709551615], [1.5, 2.5], [0, 255]]"


def test_a_grid_is_no_column(tmp_path: Path) -> None:
    grid = "Object.assign(Int8Array.of(1, 2), { shape: [1, 2] })"
    (block,) = run(tmp_path, f"#lang:javascript\n#export: rows:table\nconst rows = {{ a: {grid} }};\n#end\n")
    assert block["status"] == "export_missing", told(block)
    assert "the column `a` has more than one dimension" in str(block["reason"])
