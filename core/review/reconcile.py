"""Why the shelf and the book differ after a sale: each difference split over what is known of it, and what is left
unexplained. Pure."""

from __future__ import annotations

import numpy as np
import pandas as pd

CAUSES = ("damaged", "unbooked_shipment", "oversold", "returned", "unexplained")


def explained(table: pd.DataFrame) -> pd.DataFrame:
    """The units of `difference` by cause, columns CAUSES, each row summing to its difference exactly (Int64, missing where
    nothing was counted).

    `table`: difference (Int64, counted less book), unsellable (units that lie where nothing is sold from), unshipped
    (ordered units that the book still holds), short (units sold beyond what was there), in_return (units sent back that the
    book has not taken in). Too few: damaged first, then parcels that left without a shipping event, then units sold beyond
    the stock. Too many: goods that came back. Source: priority by how directly each is observed.
    """
    counted = table["difference"].notna().to_numpy(bool)
    difference = table["difference"].fillna(0).to_numpy(np.int64)
    missing, beyond = np.maximum(-difference, 0), np.maximum(difference, 0)
    parts: dict[str, np.ndarray] = {}
    for name, column in (
        ("damaged", "unsellable"),
        ("unbooked_shipment", "unshipped"),
        ("oversold", "short"),
    ):
        taken = np.minimum(missing, np.maximum(table[column].to_numpy(np.int64), 0))
        parts[name], missing = -taken, missing - taken
    back = np.minimum(beyond, np.maximum(table["in_return"].to_numpy(np.int64), 0))
    parts["returned"], beyond = back, beyond - back
    parts["unexplained"] = beyond - missing
    frame = pd.DataFrame({name: parts[name] for name in CAUSES}, index=table.index).astype("Int64")
    frame.loc[~counted] = pd.NA
    return frame
