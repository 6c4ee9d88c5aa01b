"""What storage can meet: a database that cannot serve, a lease that was lost, another process on the same file."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy import exc

from bot.core.refusals import Conflict, OutcomeUnknown, StorageUnavailable

__all__ = ["AlreadyRunning", "LeaseLost", "OutcomeUnknown", "StorageUnavailable", "committing", "translated"]


class LeaseLost(Exception):
    """Somebody else took over this job or delivery meanwhile (or it was forgiven); nothing was kept."""


class AlreadyRunning(Exception):
    """Another process works on this SQLite file. The sentence names the lock file."""


# Primary result codes, https://www.sqlite.org/rescode.html
_SQLITE_CANNOT_SERVE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
}
# Classes of SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRES_CANNOT_SERVE = ("08", "53", "55P03", "57P", "58", "25006")
_POSTGRES_CONFLICT = ("40001", "40P01")  # serialization failure, deadlock


def _of_sqlite(cause: sqlite3.Error) -> Exception | None:
    code = getattr(cause, "sqlite_errorcode", None)
    # Without a code it comes from the driver: "Cannot operate on a closed database."
    cannot_serve = "closed" in str(cause) if code is None else code & 0xFF in _SQLITE_CANNOT_SERVE
    return StorageUnavailable(f"SQLite says: {cause}") if cannot_serve else None


def _translate(error: BaseException) -> Exception | None:
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause)
    state = str(getattr(cause, "sqlstate", None) or "")
    if state.startswith(_POSTGRES_CONFLICT):
        return Conflict(f"PostgreSQL says: {cause}")
    lost = isinstance(error, exc.DBAPIError) and error.connection_invalidated
    if lost or state.startswith(_POSTGRES_CANNOT_SERVE):
        return StorageUnavailable(f"PostgreSQL says: {cause}")
    if isinstance(cause, exc.TimeoutError | exc.InterfaceError | OSError | TimeoutError | asyncpg.InterfaceError):
        return StorageUnavailable(f"the database does not answer: {cause or type(cause).__name__}")
    return None


@contextmanager
def translated(*, connecting: bool = False) -> Iterator[None]:
    """Raise ``StorageUnavailable`` or ``Conflict`` for a driver's error that means it; others pass as they are.

    ``connecting``: whatever the operating system says is about the database (no such host, no such folder).
    """
    try:
        yield
    except (exc.SQLAlchemyError, sqlite3.Error, ConnectionError, TimeoutError) as error:
        known = _translate(error)
        if known is None:
            raise
        raise known from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise (_translate(error) or error) from error
    except OSError as error:
        if not connecting:
            raise
        raise StorageUnavailable(f"the database cannot be reached: {error}") from error


@contextmanager
def committing() -> Iterator[None]:
    """As ``translated``, around a commit: a connection that is lost there leaves its outcome open.

    Raises ``OutcomeUnknown`` where ``translated`` would raise ``StorageUnavailable``.
    """
    try:
        with translated():
            yield
    except StorageUnavailable as lost:
        raise OutcomeUnknown(f"the connection was lost during the commit: {lost}") from lost
