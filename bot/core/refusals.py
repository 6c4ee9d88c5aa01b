"""No's that a person can act on: what is so, why, and what to do next."""


class Refusal(Exception):
    """Something was refused, and the person can do something about it.

    The sentence is shown only to that person. Say what is wrong, why, and what to do next. ``field`` names
    the parameter it is about, so that a form can show it there.
    """

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class NotUnderstood(Refusal):
    """The words did not fit the usage line."""


class NotAllowed(Refusal):
    """The policy does not let this person do this; the sentence names the rule."""


class Unknown(Refusal):
    """A name that we do not know; the sentence suggests the nearest ones."""

    def __init__(self, what: str, name: str, known: tuple[str, ...], *, field: str | None = None) -> None:
        shown = ", ".join(known[:5])
        hint = f"Did you mean {shown}?" if known else f"There is no {what} yet."
        super().__init__(f"I know no {what} “{name}”. {hint}", field=field)
        self.known = known


class Stale(Refusal):
    """The thing has moved on since the person saw it; the sentence says where it is now."""


class Unreadable(Refusal):
    """A newer version wrote something that this one does not understand; the newer one can do what was wanted."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} was written by a newer version of me, and I do not understand it. Nothing was done. Try again "
            "shortly: the newer one answers once I am replaced."
        )


class Conflict(Exception):
    """Two transactions changed the same row at once; the later one must be tried again from its start."""


class StorageUnavailable(Exception):
    """The database is locked, full, unreachable or gone; nothing of this transaction was kept.

    Trying again later is right: connections are made anew by themselves.
    """


class OutcomeUnknown(StorageUnavailable):
    """The connection was lost while the commit was under way: all of this transaction was kept, or nothing.

    Whoever tries again must look first whether it is there already.
    """
