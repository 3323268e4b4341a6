"""Every table has a place, and keys that fit it."""

from core.database.place import distributed, faults
from core.database.types import load_tables


def test_every_table_fits_its_place() -> None:
    assert [fault for table in load_tables().sorted_tables for fault in faults(table)] == []


def test_the_ledger_is_distributed_by_sku() -> None:
    assert distributed()["stock_movement"] == "sku_code"
