"""Compressed bodies: what webhooks brought, as the inbox keeps it; GitHub's 15 to 20 kB become some 2."""

import asyncio
import zlib
from typing import Any

PLAIN, ZLIB = None, "zlib"  # of the column ``packing``; bodies from before there was any are plain
# A shorter one is mostly its own row. Captured deliveries: 1.4 kB become 0.6, 20 kB become 1.9, within 65 to 160 µs;
# levels above zlib's own (6) gain 1 %, and a dictionary of its own would have to be kept for ever.
PACKED_FROM = 1_024
LONG = 64 * 1_024  # from here on it takes longer than going to a thread and back


async def packed(body: bytes) -> dict[str, Any]:
    """The columns of a body."""
    if len(body) < PACKED_FROM:
        return {"body": body, "packing": PLAIN}
    small = await asyncio.to_thread(zlib.compress, body) if len(body) >= LONG else zlib.compress(body)
    return {"body": small, "packing": ZLIB} if len(small) < len(body) else {"body": body, "packing": PLAIN}


async def unpacked(body: bytes, packing: str | None) -> bytes:
    """The body as it came. Raises ``ValueError`` for a packing of a newer version."""
    match packing:
        case None:
            return body
        case "zlib":
            # What it becomes is not known before; of JSON it is hardly more than 16 times as long.
            return (
                await asyncio.to_thread(zlib.decompress, body) if len(body) >= LONG // 16 else zlib.decompress(body)
            )
        case _:
            raise ValueError(f"this version does not know how a body is unpacked that is kept as {packing!r}")
