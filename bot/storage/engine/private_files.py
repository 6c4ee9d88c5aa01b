"""File permissions: the database holds people's words, so nobody but its owner reads its files."""

import os
import stat
from pathlib import Path

import structlog

FILE, FOLDER = 0o600, 0o700
# A folder within ours that others may enter (flagd's files) needs one that they may pass, and not list.
PASSED = 0o711
BESIDE = ("-wal", "-shm", "-journal", ".lock", ".lock-journal")  # what SQLite and we keep beside a database

log = structlog.get_logger(__name__)


def make_private(path: Path) -> None:
    """Create the database's folder and file for their owner alone, and tighten what was made more openly before.

    SQLite gives ``-wal`` and ``-shm`` the mode of the database's file (https://www.sqlite.org/src/file/src/os_unix.c,
    findCreateFileMode). What belongs to somebody else, and a folder that others write to (``/tmp``), is left alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER)
    for file in (path, path.with_name(path.name + ".lock")):
        # Made here and not by SQLite, which would make it as open as the umask lets it be for a moment.
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, FILE))
    for file in (path, *(path.with_name(path.name + end) for end in BESIDE)):
        _tighten(file, FILE)
    if path.parent not in (Path.cwd(), Path.home()):
        _tighten(path.parent, PASSED if _is_passed(path.parent) else FOLDER)


def _tighten(path: Path, most: int) -> None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid != os.geteuid() or not mode & ~most or (path.is_dir() and mode & stat.S_ISVTX):
        return
    path.chmod(mode & most)
    log.info("storage.made_private", path=str(path), was=f"{mode:04o}", now=f"{mode & most:04o}")


def _is_passed(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return any(entry.is_dir() and entry.stat().st_mode & stat.S_IXOTH for entry in entries)
