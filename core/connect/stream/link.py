"""The wire to NATS: one connection a turn, a pull consumer of the house's own, messages out, acknowledgements back. Knows
no database. Faults of the other side come as ShopError("connect.stream_…")."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from core.connect.stream import credentials
from core.connect.stream.credentials import Upstream
from core.errors import ShopError

CONSUMER = "bigsale"
CONNECT_S, ANSWER_S = 2, 2.0
ACK_WAIT_S = 30.0  # a batch that nobody acknowledges for so long comes again
LOOKS = 1.0  # seconds that one request waits for something new


@dataclass(frozen=True, slots=True)
class Behind:
    """What lies at the other side: messages of the stream, and those that we have not acknowledged."""

    messages: int
    pending: int


class Link:
    """The consumer of a stream, open for a turn."""

    def __init__(self, client: Client, stream: str) -> None:
        self._client, self._stream = client, stream
        self._context = client.jetstream(timeout=ANSWER_S)

    async def open(self) -> None:
        """Finds our consumer, or makes it: from the first message on, each until it is acknowledged."""
        asked = ConsumerConfig(
            durable_name=CONSUMER,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_S,
            max_deliver=-1,
        )
        self._pull = await self._context.pull_subscribe("", CONSUMER, self._stream, config=asked)

    async def messages(self, most: int) -> list[Msg]:
        """What has come, [] where nothing does within a second."""
        try:
            return await self._pull.fetch(most, timeout=LOOKS)
        except TimeoutError:
            return []

    async def acknowledge(self, done: Sequence[Msg]) -> None:
        """Says that these are stored; one whose acknowledgement gets lost comes again and counts once."""
        for message in done:
            await message.ack()
        await self._client.flush(timeout=int(ANSWER_S))

    async def hand_back(self, messages: Sequence[Msg], after_s: float) -> None:
        """Gives messages back that are to come again later."""
        for message in messages:
            await message.nak(delay=after_s)
        await self._client.flush(timeout=int(ANSWER_S))

    async def behind(self) -> Behind:
        """How far we are behind."""
        stream = await self._context.stream_info(self._stream)
        consumer = await self._context.consumer_info(self._stream, CONSUMER)
        return Behind(stream.state.messages, (consumer.num_pending or 0) + (consumer.num_ack_pending or 0))


@asynccontextmanager
async def linked(upstream: Upstream) -> AsyncIterator[Link]:
    """The consumer of that stream for this block. ShopError("connect.stream_unreachable" | "connect.stream_denied" |
    "connect.no_stream" | "connect.no_credentials" | "connect.bad_credentials")."""
    client, heard = Client(), list[Exception]()
    try:
        await _connect(client, upstream, heard)
        link = Link(client, upstream.stream)
        await link.open()
        yield link
    except (nats.errors.Error, OSError, TimeoutError) as error:
        raise _refusal(error, heard, upstream.stream) from error
    finally:
        await client.close()


async def _connect(client: Client, upstream: Upstream, heard: list[Exception]) -> None:
    """Faults between two tries go to `heard`: the client ends with one that says only that it gave up."""

    async def hear(error: Exception) -> None:
        heard.append(error)

    addresses = [one.strip() for one in upstream.servers.split(",") if one.strip()]
    own = credentials.read(upstream.credentials) if upstream.credentials is not None else None
    try:
        await client.connect(
            addresses,
            name=CONSUMER,
            connect_timeout=CONNECT_S,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            error_cb=hear,
            user_jwt_cb=own.jwt if own is not None else None,
            signature_cb=own.sign if own is not None else None,
        )
    except ValueError as error:  # an address that is none
        raise ShopError("connect.stream_unreachable", fault="ValueError") from error


def _refusal(error: Exception, heard: Sequence[Exception], stream: str) -> ShopError:
    """A fault of the other side in the house's words; never with its address, which may hold a password."""
    if isinstance(error, nats.js.errors.NotFoundError):
        return ShopError("connect.no_stream", stream=stream)
    if any("authorization" in f"{type(one).__name__} {one}".casefold() for one in (error, *heard)):
        return ShopError("connect.stream_denied")
    return ShopError("connect.stream_unreachable", fault=type(error).__name__)
