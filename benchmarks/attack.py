"""What a stranger can do to the bot over HTTP: the longest that its event loop stands still, and memory, by attack.

    python -m benchmarks.attack                      # this checkout
    python -m benchmarks.attack --against ../before # and another one beside it

Everything stays on loopback and within some seconds an attack. The bot runs in a process of its own, with the
playground as Slack. ``block`` is the longest callback of its loop in CPU time, which the machine's load does not
change; ``memory`` is how much more it had at its most than before the attack. Aims: 50 ms, 64 MB.
"""

import argparse
import asyncio
import contextlib
import hmac
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.edge import environment, free_port, playground

HERE = Path(__file__).resolve().parents[1]
GIVES_UP_AFTER = 20  # seconds that an attacker waits for an answer
MB = 1_000_000
SIGNS_WITH = "secret-of-hooks"

Attack = Callable[[int], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class Measured:
    """One attack on one bot; ``said`` is what the attackers were told, and how many."""

    block_ms: float
    memory_mb: float
    said: str


def main() -> None:
    """Attack and print."""
    arguments = argparse.ArgumentParser(description="Attack the bot on loopback.")
    arguments.add_argument("--against", type=Path, help="another checkout, attacked in the same way")
    arguments.add_argument("--only", default="", help="attacks whose name holds this")
    told = arguments.parse_args()
    checkouts = [HERE, *([told.against.resolve()] if told.against else [])]
    print(asyncio.run(compared(checkouts, told.only)))


async def compared(checkouts: list[Path], only: str) -> str:
    """The table: an attack a row, a checkout a column."""
    columns = [await attacked(checkout, only) for checkout in checkouts]
    lines = [
        "| attack | " + " | ".join(str(one) for one in checkouts) + " |",
        "| --- |" + " --- |" * len(checkouts),
    ]
    for name in columns[0]:
        cells = [
            f"block {one[name].block_ms:.0f} ms, memory +{one[name].memory_mb:.0f} MB, {one[name].said}"
            for one in columns
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


async def attacked(checkout: Path, only: str) -> dict[str, Measured]:
    """Every attack on a bot of its own, so that none finds what another has left."""
    processes: list[subprocess.Popen[str]] = []
    found: dict[str, Measured] = {}
    try:
        page = playground(processes)
        for name, attack in ATTACKS.items():
            if only in name:
                async with subject(checkout, page) as (process, port):
                    found[name] = await measured(process, port, attack)
                    print(f"{checkout.name}: {name}: {found[name]}", file=sys.stderr)
        if only in "SIGTERM while a body is half sent":
            async with subject(checkout, page) as (process, port):
                found["SIGTERM while a body is half sent"] = await ended(process, port)
    finally:
        for process in processes:
            process.terminate()
            process.wait()
    return found


@contextlib.asynccontextmanager
async def subject(checkout: Path, page: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """The bot of a checkout, instrumented; gives it and its port."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        hooks = {f"EIGHTBELLS_HOOK_SECRET_{name}": SIGNS_WITH for name in ("GITHUB", "ALERTMANAGER")}
        environ = (
            environment(Path(folder), page, f"http://127.0.0.1:{port}") | hooks | {"PYTHONPATH": str(checkout)}
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(HERE / "benchmarks" / "attacked.py"),
            cwd=checkout,
            env={**os.environ, **environ},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout
        try:
            assert b"ready" in await process.stdout.readline()
            yield process, port
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def measured(process: asyncio.subprocess.Process, port: int, attack: Attack) -> Measured:
    """Attack once, and see."""
    assert process.stdin
    assert process.stdout
    seen = psutil.Process(process.pid)
    before = most = seen.memory_info().rss
    attacking = asyncio.ensure_future(attack(port))
    while not attacking.done():
        most = max(most, seen.memory_info().rss)
        await asyncio.sleep(0.01)
    process.stdin.write(b"\n")
    block_ms = json.loads(await process.stdout.readline())
    counted = Counter(attacking.result())
    return Measured(block_ms, (most - before) / MB, ", ".join(f"{n} × {what}" for what, n in counted.most_common()))


async def ended(process: asyncio.subprocess.Process, port: int) -> Measured:
    """How long stopping takes with a body half sent and a connection that is kept."""
    for head in ("POST /hooks/github HTTP/1.1\r\nContent-Length: 400000\r\n", "GET /healthz HTTP/1.1\r\n"):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"{head}Host: h\r\nX-Hub-Signature-256: sha256=0\r\n\r\nx".encode())
        await writer.drain()
    await asyncio.sleep(0.5)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    await process.wait()
    return Measured(0, 0, f"ended after {time.monotonic() - began:.1f} s")


async def asked(port: int, head: str, *body: bytes, pause: float = 0) -> str:
    """What one raw request is told: a status, that it was hung up on, or that nothing came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(GIVES_UP_AFTER):
            reading = asyncio.ensure_future(reader.readline())
            try:
                writer.write(head.encode() + b"Host: here\r\n\r\n" if "\r\n" in head else head.encode())
                for part in body:
                    if reading.done():
                        break
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(pause)
            except ConnectionError:
                pass
            line = await reading
            return line.split()[1].decode() if line else "hung up"
    except ConnectionError:
        return "hung up"
    except TimeoutError:
        return f"still open after {GIVES_UP_AFTER} s"
    finally:
        writer.close()


def post(path: str, length: int, more: str = "") -> str:
    """The beginning of a request that bears no true proof."""
    proof = "X-Hub-Signature-256: sha256=0\r\nX-Slack-Signature: v0=0\r\n"
    stamp = f"X-Slack-Request-Timestamp: {int(time.time())}\r\n"
    return f"POST {path} HTTP/1.1\r\nContent-Length: {length}\r\n{proof}{stamp}{more}"


async def together(*requests: Awaitable[str]) -> list[str]:
    """All at once."""
    return list(await asyncio.gather(*requests))


def bomb(size: int) -> bytes:
    """Two megabytes of gzip, or as many as are asked for, that are a thousand times as large unpacked."""
    packing = zlib.compressobj(wbits=31)
    parts, packed = [], 0
    while packed < size:
        parts.append(packing.compress(bytes(4 * MB)))
        packed += len(parts[-1])
    return b"".join([*parts, packing.flush()])


async def gzipped(port: int) -> list[str]:
    """Three bombs at the doors."""
    body = await asyncio.to_thread(bomb, 2 * MB)
    paths = ("/hooks/github", "/hooks/alertmanager", "/slack/events")
    return await together(
        *(asked(port, post(path, len(body), "Content-Encoding: gzip\r\n"), body) for path in paths)
    )


async def bad_gzip(port: int) -> list[str]:
    """What says that it is gzip and is not."""
    paths = ("/hooks/github", "/slack/events")
    return await together(*(asked(port, post(path, 4, "Content-Encoding: gzip\r\n"), b'{""}') for path in paths))


async def unfinished(port: int) -> list[str]:
    """900 connections whose headers do not come."""
    return await together(*(asked(port, "POST /hooks/github HTTP/1.1") for _ in range(900)))


async def fat_headers(port: int) -> list[str]:
    """200 connections with a megabyte of headers each, and no end of them."""
    line = b"X-A: " + b"x" * 8_000 + b"\r\n"
    begin = "POST /hooks/github HTTP/1.1\r\nX-B: x"
    return await together(*(asked_raw(port, begin, [line] * 110) for _ in range(200)))


async def asked_raw(port: int, begin: str, lines: list[bytes]) -> str:
    """As ``asked``, of a head that never ends."""
    return await asked(port, begin.partition("\r\n")[0], b"\r\n", *lines)


def large(path: str, count: int, sent: int = 15 * MB) -> Attack:
    """Bodies of 15 MB without proof, of which so much is sent."""

    async def attack(port: int) -> list[str]:
        part = bytes(100_000)
        return await together(
            *(asked(port, post(path, 15 * MB), *[part] * (sent // len(part))) for _ in range(count))
        )

    return attack


async def tiny_chunks(port: int) -> list[str]:
    """A megabyte in chunks of one byte."""
    head = post("/hooks/github", 0, "Transfer-Encoding: chunked\r\n").replace("Content-Length: 0\r\n", "")
    return await together(*(asked(port, head, *[b"1\r\nx\r\n" * 10_000] * 100) for _ in range(3)))


async def deep_json(port: int) -> list[str]:
    """Ten megabytes of brackets, and of numbers and keys that take long to read."""
    bodies = (b"[" * 10 * MB, b'{"a":1e999,' * MB, b"1" * 10 * MB)
    return await together(*(asked(port, post("/hooks/github", len(body)), body) for body in bodies))


async def signed_json(port: int) -> list[str]:
    """The same and worse from somebody who has the secret, at most as long as is read."""
    bodies = [
        b"[" + b",".join([unit] * (size // (len(unit) + 1))) + b"]"
        for size in (16 * MB, 6 * MB)
        for unit in (b"[]", b"{}", b"1", b"9" * 4_300, b"[" * 500 + b"]" * 500)
    ]
    told: list[str] = []
    for body in bodies:
        proof = hmac.digest(SIGNS_WITH.encode(), body, "sha256").hex()
        head = (
            f"POST /hooks/github HTTP/1.1\r\nContent-Length: {len(body)}\r\nX-Hub-Signature-256: sha256={proof}\r\n"
        )
        told.append(await asked(port, head, body))
    return told


async def sns_json(port: int) -> list[str]:
    """512 KiB, which are read for their proof, of what is slow to read."""
    units = (b"[]", b"{}", b"1", b"9" * 4_300)
    bodies = [b"[" + b",".join([unit] * (500_000 // (len(unit) + 1))) + b"]" for unit in units]
    return await together(*(asked(port, post("/hooks/sns", len(body)), body) for body in bodies))


async def forms(port: int) -> list[str]:
    """A megabyte of fields at Slack's door."""
    body = b"a=1&" * 250_000
    return await together(*(asked(port, post("/slack/events", len(body)), body) for _ in range(3)))


async def ahead(port: int) -> list[str]:
    """Ten thousand requests, sent without waiting for answers."""
    hundred = b"GET /nowhere HTTP/1.1\r\nHost: here\r\n\r\n" * 100
    return await together(*(asked(port, "GET /nowhere HTTP/1.1\r\n", *[hundred] * 20) for _ in range(5)))


async def nothing(port: int) -> list[str]:
    """What the bot does of its own accord."""
    await asyncio.sleep(5)
    return await together(asked(port, "GET /healthz HTTP/1.1\r\n"))


ATTACKS: dict[str, Attack] = {
    "nothing": nothing,
    "2 MB of gzip at each of three doors": gzipped,
    "bad gzip": bad_gzip,
    "900 unfinished connections": unfinished,
    "200 connections with endless headers": fat_headers,
    "30 bodies of 15 MB, no token": large("/hooks/alertmanager", 30),
    "30 bodies of 15 MB, wrong signature": large("/hooks/github", 30),
    "60 bodies of 15 MB that stop after 200 kB": large("/hooks/github", 60, sent=200_000),
    "chunks of one byte": tiny_chunks,
    "JSON that is slow to read": deep_json,
    "the same and worse, signed": signed_json,
    "the same at SNS's door": sns_json,
    "a form of 250,000 fields": forms,
    "requests sent ahead": ahead,
}


if __name__ == "__main__":
    main()
