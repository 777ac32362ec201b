"""What the samples do not show of values in Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.values.test_value_conformance import run, told


@pytest.mark.parametrize(
    "column",
    [
        "['x', None, 'ünï', '']",
        "[None, None]",
        "[]",
        "['x', 'y'] * 500",
        "['x', 'ünï', None, 'z', 'z', None, 'v', 'w', 'last'][3:]",
    ],
)
def test_texts_of_pandas(tmp_path: Path, column: str) -> None:
    pytest.importorskip("pandas")
    code = f"import pandas as pd\nx = pd.DataFrame({{'a': pd.Series({column}, dtype='str'), 'b': True}})\n"
    blocks = run(
        tmp_path,
        f"#lang:python\n#export: x\n{code}#end\n"
        f"#lang:python\n#import: x\n#export: again\n{code.replace('x = ', 'y = ')}pd.testing.assert_frame_equal(x, y)\n"
        "x['a'] = x['a'].str.upper()\nagain = x.iloc[len(x) // 2:].reset_index(drop=True)\n#end\n"
        f"#lang:python\n#import: again\nx = {column}\n"
        "assert again['a'] == [one and one.upper() for one in x][len(x) // 2:], again['a']\n#end\n",
    )
    for block in blocks:
        assert block["status"] == "ok", told(block)
