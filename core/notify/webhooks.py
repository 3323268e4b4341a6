"""Outgoing webhooks, signed as Standard Webhooks say: `webhook-id`, `webhook-timestamp`, and `webhook-signature`
over "id.timestamp.body". An event that is not taken is sent again, later and later, under the same id.
"""

from __future__ import annotations

import ipaddress
import secrets
import socket
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

import orjson
import requests
from sqlalchemy import Connection
from standardwebhooks.webhooks import Webhook

from core.database import new_id
from core.errors import ShopError
from core.notify.channels import WEBHOOK, Channel, known
from core.notify.tables import message

TOPICS = ("alerts", "approvals", "labels", "prices")
TIMEOUT_S = (5, 10)  # to connect, to answer
UNREACHABLE = ("timeout", "unreachable")  # faults after which nothing more is tried in this round
GONE = "http_410"  # the receiver wants no more of it: never tried again


def new_secret() -> str:
    """A signing secret, as receivers' libraries take it ("whsec_" + base64 of 32 bytes)."""
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()


def require_address(url: str) -> None:
    """ShopError("notify.bad_webhook") unless it is https, or http within the house's own network."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        raise ShopError("notify.bad_webhook") from None
    plain = parts.scheme == "http" and _of_the_house(host)
    if not host or not (parts.scheme == "https" or plain) or "@" in parts.netloc:
        raise ShopError("notify.bad_webhook")


def _of_the_house(host: str) -> bool:
    """Whether a host is named by an address of this machine or of a private network."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost"


def listening(connection: Connection, topic: str) -> list[Channel]:
    """The webhooks that take a topic now."""
    return [one for one in known(connection) if one.enabled and one.kind == WEBHOOK and topic in one.topics]


def announce(
    connection: Connection, now: datetime, topic: str, event: str, data: Mapping[str, object]
) -> int:
    """Queues an event for every webhook of its topic, in the transaction of what it tells of; how many get it."""
    takers = listening(connection, topic)
    body = orjson.dumps(
        {"type": event, "timestamp": now.isoformat(), "data": data},
        default=str,
        option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS,
    ).decode()
    row = {"level": "info", "title": event, "body": body, "created_at": now, "due_at": now, "state": "queued"}
    if takers:
        connection.execute(message.insert(), [row | {"id": new_id(), "channel": one.name} for one in takers])
    return len(takers)


def deliver(to: Channel, message_id: str, body: str, now: datetime) -> str:
    """Posts one event; "" when the receiver took it (2xx), else why not: "http_500", "timeout", "unreachable",
    "bad_address". Redirects are not followed."""
    url, name = to.url.get_secret_value(), f"msg_{message_id}"
    if _forbidden(urlsplit(url).hostname or ""):
        return "bad_address"
    headers = {
        "content-type": "application/json",
        "user-agent": "bigsale-control-room",
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(to.secret.get_secret_value()).sign(name, now, body),
    }
    try:
        with requests.post(
            url, data=body.encode(), headers=headers, timeout=TIMEOUT_S, allow_redirects=False, stream=True
        ) as answer:
            return "" if answer.ok and answer.status_code < 300 else f"http_{answer.status_code}"
    except requests.Timeout:
        return "timeout"
    except requests.RequestException:
        return "unreachable"


def _forbidden(host: str) -> bool:
    """Whether a name leads to where no receiver is: a machine's own metadata service, everybody, nobody."""
    try:
        addresses = {str(one[4][0]).partition("%")[0] for one in socket.getaddrinfo(host, None)}
    except OSError:
        return False  # the try itself says that it is unreachable
    places = [ipaddress.ip_address(one) for one in addresses]
    return any(place.is_link_local or place.is_multicast or place.is_unspecified for place in places)
