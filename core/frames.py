"""What pandas does slowly with the texts of a frame."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

# what Python means by \s; arrow's own knows the blanks of ASCII alone
SPACES = "\\s\x0b\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"


def among(texts: pd.Series | pd.Index, codes: Collection[str] | pd.Series | pd.Index) -> np.ndarray:
    """Where a text is one of the codes (bool, as long as `texts`).

    `isin` of texts kept by arrow makes a Python object of each code and asks for its type: half a second for
    200,000. As objects both sides are hashed at once.

    >>> among(pd.Series(["a", "b", None]), {"b", "c"}).tolist()
    [False, True, False]
    """
    held = codes if isinstance(codes, pd.Series | pd.Index) else list(codes)
    if not len(held) or not len(texts):
        return np.zeros(len(texts), bool)
    return np.asarray(pd.Index(texts, dtype=object).isin(pd.Index(held, dtype=object)), dtype=bool)


def matching(texts: pd.Series, pattern: str) -> np.ndarray:
    """Where a text matches a pattern of arrow's (RE2) anywhere (bool, as long as `texts`; missing does not).

    `str.contains` of pandas goes back to Python, a text at a time, for any pattern that is not plain ASCII.

    >>> matching(pd.Series(["a\u3000b", "ab", None]), f"a[{SPACES}]b").tolist()
    [True, False, False]
    """
    matched = pc.match_substring_regex(pa.array(texts, pa.large_string(), from_pandas=True), pattern)
    return np.asarray(pc.fill_null(matched, False).to_numpy(zero_copy_only=False), bool)
