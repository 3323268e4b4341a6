"""One event: what a source may say, checked field by field. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from core.access.person_keys import Door
from core.plain_text import printable

KINDS = (
    "view",
    "favourite",
    "add_to_cart",
    "coupon_claim",
    "reserve",
    "deposit",
    "order",
    "pay",
    "refund",
    "cancel",
    "ship",
    "exposure",
    "invite",
)
INVITE = "invite"  # somebody invited somebody
EXPOSURE = "exposure"  # somebody met an arm of a test
OF_A_LINE = frozenset(
    {"deposit", "order", "pay", "refund", "cancel", "ship"}
)  # kinds that change an order line
WITHOUT_GOODS = frozenset(
    {"view", "coupon_claim", "reserve", EXPOSURE, INVITE}
)  # kinds that may be about the venue
ACCOUNTS = ("new", "old")  # of who answers an invite
LONGEST_TEXT = 128
MOST_UNITS = 1_000_000
MOST_FEN = 10**13  # 100 billion yuan in one line is a mistake
_EARLIEST_MS, _LATEST_MS = 946_684_800_000, 4_102_444_800_000  # years 2000 and 2100


class Event(NamedTuple):
    """One accepted line. Times in epoch milliseconds, money in fen, units signed nowhere: the kind says the
    direction."""

    source: str
    event_id: str
    kind: str
    at_ms: int
    sku_code: str
    user_key: str
    order_id: str
    quantity: int
    amount_fen: int
    channel: str
    campaign_id: str

    @property
    def minute(self) -> int:
        """Epoch minute in which it happened."""
        return self.at_ms // 60_000


FACT = Event._fields[:-1]  # what must be equal when an id comes twice; the campaign is our attribution


class Refusal(NamedTuple):
    """Why a line was not taken: a code "live.<reason>", the field, and what stood there (shortened)."""

    event_id: str
    code: str
    field: str
    value: str
    line: int = 0  # 1-based place in the batch


class _Refused(Exception):
    def __init__(self, code: str, field: str, value: object) -> None:
        self.code, self.field, self.value = code, field, value


def exposure_kind(experiment_id: str, arm: str) -> str:
    """The role in which the books know the people who met that arm of a test."""
    return f"{EXPOSURE} {experiment_id}/{arm}"


def read_event(
    source: str, raw: object, campaign_of: Callable[[str, int], str], door: Door
) -> Event | Refusal:
    """An accepted Event, or the Refusal of the first field that is wrong.

    `raw` is one decoded JSON value of `source`. `campaign_of(word, at_ms)` gives the campaign for the event's
    own word ("" when it has none), or "" if there is no such campaign. `door` says which field is the person and
    makes the key of it: neither an Event nor a Refusal holds the shop's own id of anybody.
    """
    if not isinstance(raw, Mapping):
        return Refusal("", "live.not_an_object", "", printable(raw))
    try:
        return _read(source, raw, campaign_of, door)
    except _Refused as fault:
        name = raw.get("event_id")
        return Refusal(
            printable(name, LONGEST_TEXT) if isinstance(name, str) else "",
            fault.code,
            fault.field,
            printable(fault.value),
        )


_OF_MONEY = ("pay", "refund")  # without units: a further part of a payment, money back without goods


def _read(source: str, raw: Mapping[str, Any], campaign_of: Callable[[str, int], str], door: Door) -> Event:
    event_id = _text(raw, "event_id")
    kind = raw.get("kind")
    if kind not in KINDS:
        raise _Refused("live.unknown_kind", "kind", kind)
    of_a_line = kind in OF_A_LINE
    at_ms = _moment(raw.get("at"))
    sku_code = _text(raw, "sku_code", required=kind not in WITHOUT_GOODS)
    user_key = _person(raw, door, required=kind in (EXPOSURE, INVITE))
    order_id = _text(raw, "order_id", required=of_a_line)
    quantity = _whole(raw, "quantity", 1, MOST_UNITS)
    if kind == INVITE:
        order_id, quantity = _invited(raw, door)
    if quantity == 0 and of_a_line and kind not in _OF_MONEY:
        raise _Refused("live.no_quantity", "quantity", 0)
    amount_fen = _whole(raw, "amount_fen", 0, MOST_FEN)
    if kind in ("order", "pay") and "amount_fen" not in raw:
        raise _Refused("live.missing", "amount_fen", None)
    channel = _arm(raw) if kind == EXPOSURE else _text(raw, "channel", required=False)
    word = _text(raw, "campaign", required=False)
    campaign_id = campaign_of(word, at_ms)
    if not campaign_id:
        raise _Refused("live.unknown_campaign" if word else "live.no_campaign", "campaign", word)
    return Event(
        source,
        event_id,
        kind,
        at_ms,
        sku_code,
        user_key,
        order_id,
        quantity,
        amount_fen,
        channel,
        campaign_id,
    )


def _arm(raw: Mapping[str, object]) -> str:
    """An exposure's channel: the test and the arm by which somebody came into it."""
    return f"{_text(raw, 'experiment')}/{_text(raw, 'arm')}"


def _invited(raw: Mapping[str, object], door: Door) -> tuple[str, int]:
    """What an invite brought: the key of who came in the place of the order's number ("" while nobody has), and how many new
    accounts that is: 1, or 0 where an account of old answered. Their sum in the books is the new accounts. A refusal does not
    repeat the id."""
    try:
        key = door.key_of(_text(raw, "invited", required=False))
    except _Refused as fault:
        raise _Refused(fault.code, fault.field, "") from None
    account = raw.get("account")
    if key and account not in ACCOUNTS:
        raise _Refused("live.account", "account", account)
    return key, int(bool(key) and account == "new")


def _person(raw: Mapping[str, object], door: Door, required: bool) -> str:
    """The key of the person; "" where the event names none. A refusal does not repeat the id."""
    try:
        key = door.key_of(_text(raw, door.field, required=required))
    except _Refused as fault:
        raise _Refused(fault.code, fault.field, "") from None
    if required and not key:
        raise _Refused("live.missing", door.field, "")
    return key


def _text(raw: Mapping[str, object], field: str, required: bool = True) -> str:
    value = raw.get(field)
    if value is None or value == "":
        if required:
            raise _Refused("live.missing", field, value)
        return ""
    if not isinstance(value, str):
        raise _Refused("live.not_text", field, value)
    if len(value) > LONGEST_TEXT or not value.isprintable() or value.strip() != value:
        raise _Refused("live.bad_text", field, value)
    return value


def _whole(raw: Mapping[str, object], field: str, default: int, most: int) -> int:
    value = raw.get(field)
    if value is None:
        return default
    if type(value) is not int:  # True is an int to isinstance
        raise _Refused("live.not_whole", field, value)
    if not 0 <= value <= most:
        raise _Refused("live.out_of_range", field, value)
    return value


def _moment(value: object) -> int:
    if not isinstance(value, str) or not value.isprintable():  # Python reads "…+08:00" with a NUL behind it
        raise _Refused("live.bad_time", "at", value)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise _Refused("live.bad_time", "at", value) from None
    if moment.tzinfo is None:
        raise _Refused("live.time_without_offset", "at", value)
    at_ms = round(moment.timestamp() * 1000)
    if not _EARLIEST_MS <= at_ms <= _LATEST_MS:
        raise _Refused("live.bad_time", "at", value)
    return at_ms
