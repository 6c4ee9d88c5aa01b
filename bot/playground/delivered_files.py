"""Uploaded bytes: taken at the upload address, given back to the bot's token and to the page."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from bot.playground.playground import PLAYGROUND

# Only what cannot carry a script is shown in place; everything else is saved.
SHOWN_IN_PLACE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"})
LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in to see this file.</body></html>"


def add_routes(app: web.Application) -> None:
    app.router.add_post("/upload/{file_id}/{secret}", upload)
    app.router.add_get("/files/{file_id}/download", download)


async def upload(request: web.Request) -> web.Response:
    """Step two of an upload: raw bytes, or a form with one file."""
    found = request.app[PLAYGROUND].workspace.files.get(request.match_info["file_id"])
    if found is None or found["_secret"] != request.match_info["secret"] or found["_content"] is not None:
        return web.Response(status=404, text="no_such_upload")
    content = await request.read()
    if request.content_type == "multipart/form-data":
        parts = [part for part in (await request.post()).values() if isinstance(part, web.FileField)]
        content = parts[0].file.read() if parts else b""
    if len(content) != found["size"]:
        return web.Response(status=400, text=f"expected {found['size']} bytes, got {len(content)}")
    found["_content"] = content
    return web.Response(text=f"OK - {len(content)}")


async def download(request: web.Request) -> web.Response:
    """The file for the bot's token or for this page; anybody else gets Slack's login page, with status 200."""
    play = request.app[PLAYGROUND]
    found = play.workspace.files.get(request.match_info["file_id"])
    if found is None or found["_content"] is None:
        return web.Response(status=404, text="file_not_found")
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    from_page = request.headers.get("Sec-Fetch-Site") in ("same-origin", "none")
    if token != play.options.bot_token and not from_page:
        return web.Response(text=LOGIN_PAGE, content_type="text/html")
    kind = found["mimetype"] if found["mimetype"] in SHOWN_IN_PLACE else "application/octet-stream"
    place = "inline" if kind in SHOWN_IN_PLACE else "attachment"
    headers = {
        "Content-Type": kind,
        "Content-Disposition": f"{place}; filename*=UTF-8''{quote(found['name'])}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return web.Response(body=found["_content"], headers=headers)
