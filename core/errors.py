"""Errors as codes and facts; pages and the command line turn them into words."""


class ShopError(Exception):
    """Something the shop refuses to do.

    `code` is "room.reason" (a key below `errors` in the text files); `facts` fill the sentence's blanks and
    are plain values (str, int, float, Decimal, date, datetime, or lists and dicts of those).
    """

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.code} {self.facts}" if self.facts else self.code
