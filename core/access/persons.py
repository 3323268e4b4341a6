"""People at the door: whoever brings an id in hashes it there by the shop's secret; nothing behind the door knows the id
itself. `settings().person_fields` says which field of a source is the person."""

from __future__ import annotations

from core.access.keys import derived
from core.access.person_keys import Door, key_maker
from core.settings import settings

ORDERS = (
    "orders"  # the word for order exports in settings().person_fields; events go by the name of their source
)
USER_KEY = "user_key"
MEMBER = "member"


def key_of(name: str) -> str:
    """The key of an id by this shop's own secret; "" for nobody in particular."""
    return key_maker(derived("buyer"))(name)


def door(source: str) -> Door:
    """Which field of a source's events is the person, by `settings().person_fields`, and the maker of keys."""
    return Door(settings().person_fields.get(source, USER_KEY), key_maker(derived("buyer")))
