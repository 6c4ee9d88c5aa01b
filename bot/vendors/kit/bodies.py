"""Reads the body of an answer, whole, and no more than one wants to hold."""

from aiohttp import StreamReader


async def body_of(content: StreamReader, most: int) -> bytes:
    """Up to ``most`` bytes of it. A single ``read`` gives what has arrived by then, which may be the first part."""
    parts: list[bytes] = []
    size = 0
    async for part in content.iter_any():
        parts.append(part)
        size += len(part)
        if size >= most:
            break
    return b"".join(parts)[:most]
