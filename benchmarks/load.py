"""A second process that sends signed slash commands and tells how long the answers took.

    python -m benchmarks.load URL SECRET COMMAND TEXT --closed 16 --seconds 5

Requests are signed before the clock starts, each with a trigger id and a text of its own (``{n}`` in TEXT), so
that no server may take one for a repeat of another. Prints one line of JSON.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import time
from itertools import count
from urllib.parse import urlencode, urlsplit

BATCH = 40_000  # requests signed ahead


def signed(host: str, secret: str, command: str, text: str, number: int, stamp: int) -> bytes:
    """One request as bytes on the wire."""
    form = {
        "token": "legacy",
        "team_id": "T0PLAY",
        "team_domain": "playground",
        "channel_id": "C0GENERAL",
        "channel_name": "general",
        "user_id": "U0ANA",
        "user_name": "ana",
        "command": command,
        "text": text.replace("{n}", str(number)),
        "api_app_id": "A0PLAY",
        "is_enterprise_install": "false",
        "response_url": f"http://127.0.0.1:9/respond/{number}",
        "trigger_id": f"{stamp}.{number}.bench",
    }
    body = urlencode(form).encode()
    base = b"v0:%d:%s" % (stamp, body)
    signature = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    head = (
        f"POST /slack/events HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"X-Slack-Request-Timestamp: {stamp}\r\nX-Slack-Signature: v0={signature}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Connection:
    """One keep-alive connection."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port

    async def open(self) -> None:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)

    async def ask(self, request: bytes) -> int:
        """Send it, read the whole answer, give its status."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if length:
            await self._reader.readexactly(length)
        return int(head[9:12])

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def closed(
    requests: list[bytes], host: str, port: int, connections: int, seconds: float
) -> dict[str, object]:
    """Each connection asks again as soon as it is answered."""
    took: list[float] = []
    bad = 0
    numbers = count()
    end = time.perf_counter() + seconds

    async def worker() -> None:
        nonlocal bad
        connection = Connection(host, port)
        await connection.open()
        while time.perf_counter() < end and (number := next(numbers)) < len(requests):
            start = time.perf_counter()
            bad += await connection.ask(requests[number]) != 200
            took.append(time.perf_counter() - start)
        connection.close()

    start = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(connections)))
    return summary(took, bad, time.perf_counter() - start)


async def opened(requests: list[bytes], host: str, port: int, rate: float, seconds: float) -> dict[str, object]:
    """So many a second whatever the answers do; each is measured from when it should have been sent."""
    took: list[float] = []
    bad = 0
    free: list[Connection] = []

    async def one(request: bytes, due: float) -> None:
        nonlocal bad
        connection = free.pop() if free else Connection(host, port)
        if not hasattr(connection, "_writer"):
            await connection.open()
        bad += await connection.ask(request) != 200
        took.append(time.perf_counter() - due)
        free.append(connection)

    start = time.perf_counter()
    tasks: list[asyncio.Task[None]] = []
    for number in range(int(rate * seconds)):
        due = start + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(requests[number], due)))
    await asyncio.gather(*tasks)
    return summary(took, bad, time.perf_counter() - start)


def summary(took: list[float], bad: int, seconds: float) -> dict[str, object]:
    """Medians and the like, in milliseconds; answers a second."""
    ordered = sorted(took)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * q))] * 1000 for q in (0.5, 0.99)]
    return {"p50_ms": at[0], "p99_ms": at[1], "per_second": len(took) / seconds, "count": len(took), "not_200": bad}


def main() -> None:
    """Parse, sign, send, print."""
    parser = argparse.ArgumentParser()
    for name in ("url", "secret", "command", "text"):
        parser.add_argument(name)
    parser.add_argument("--closed", type=int, default=0, help="connections of a closed loop")
    parser.add_argument("--rate", type=float, default=0, help="requests a second of an open loop")
    parser.add_argument("--seconds", type=float, default=5)
    args = parser.parse_args()
    parts = urlsplit(args.url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    stamp = int(time.time())
    wanted = int(args.rate * args.seconds) + 1 if args.rate else BATCH
    requests = [signed(f"{host}:{port}", args.secret, args.command, args.text, n, stamp) for n in range(wanted)]
    run = (
        opened(requests, host, port, args.rate, args.seconds)
        if args.rate
        else closed(requests, host, port, args.closed, args.seconds)
    )
    print(json.dumps(asyncio.run(run)))


if __name__ == "__main__":
    main()
