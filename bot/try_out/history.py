"""The history of the demo repositories, as git reads it: who did what, so many days ago."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Step:
    """One commit, and the tag that stands on it."""

    days_ago: float
    by: str
    subject: str
    body: str = ""
    tag: str = ""
    branch: str = ""


WEB = (
    Step(44.2, "tom", "feat: show the shop"),
    Step(43.9, "tom", "chore: add the linter"),
    Step(41.1, "yuki", "feat(cart): remember the cart for a week (#741)"),
    Step(40.3, "ana", "docs: say how to run it"),
    Step(38.0, "yuki", "fix(cart): keep the amount when a price changes (#744)"),
    Step(36.2, "tom", "perf(search): answer from the index (#748)", "p95 is 90 ms, was 610 ms."),
    Step(35.5, "mei", "feat: report health with the version (#750)", tag="v1.3.7"),
    Step(31.4, "yuki", "fix(search): find words with accents (#756)"),
    Step(30.2, "tom", "refactor: one place for prices (#757)"),
    Step(28.9, "omar", "fix(a11y): name every button (#760)", "Found with a screen reader.", "v1.3.8"),
    Step(24.6, "ana", "feat(account): sign in with a passkey (#771)"),
    Step(23.3, "yuki", "fix(account): keep the session over midnight (#773)"),
    Step(21.0, "tom", "Merge pull request #774 from harbor/session-tests"),
    Step(20.7, "mei", "ci: build on both architectures"),
    Step(17.1, "yuki", "fix: do not send the receipt twice (#781)", tag="v1.3.9"),
    Step(13.8, "yuki", "feat(currency): add the column for it (#801)", "Migration: adds orders.currency."),
    Step(11.2, "tom", "feat(checkout): pay in one step (#809)", "C-1, behind the flag checkout_v2."),
    Step(9.9, "yuki", "test: totals in every currency (#811)"),
    Step(8.4, "yuki", "fix(currency): no decimals in yen & won (#812)", "C-2\n\nCloses three tickets of support."),
    Step(
        6.3, "ana", "feat(api)!: orders carry their currency (#815)", "BREAKING CHANGE: amounts are in minor units."
    ),
    Step(5.5, "omar", "fix(a11y): say the total when it changes (#817)"),
    Step(4.1, "tom", "perf(checkout): load the form with the page (#819)", tag="v1.4.0"),
    Step(2.2, "yuki", "fix(checkout): keep the address when a card is refused (#823)"),
    Step(1.4, "tom", "chore: bump dependencies"),
    Step(0.9, "tom", "feat(checkout): try the new card form (#826)", branch="v1.4.1-broken"),
    Step(0.2, "yuki", "fix: <!channel> is text & {{ 7*7 }} stays as it is (#828)"),
)

PAYMENTS = (
    Step(40.0, "luis", "feat: take cards"),
    Step(33.7, "luis", "feat(ledger): write both sides at once (#212)"),
    Step(29.1, "mei", "perf: keep connections to the bank open (#218)", tag="v2.7.0"),
    Step(22.4, "luis", "fix: try again when the bank is busy (#224)"),
    Step(19.3, "luis", "feat(refunds): refund a part of an order (#229)"),
    Step(16.0, "ana", "docs: what a refund needs", tag="v2.8.0"),
    Step(9.5, "luis", "feat(ledger): the new ledger, behind new_ledger (#236)"),
    Step(7.7, "mei", "fix(metrics): count a time-out once (#238)"),
    Step(3.0, "luis", "fix: round half to even (#241)", "C-2", "v2.8.1"),
    Step(0.8, "luis", "chore: tidy the imports"),
)


def stream(steps: Sequence[Step], people: dict[str, tuple[str, str]], now: datetime) -> Iterator[str]:
    """What ``git fast-import`` reads; ``people`` are (name, address) by short name."""
    for number, step in enumerate(steps, start=1):
        name, address = people[step.by]
        at = int((now - timedelta(days=step.days_ago)).timestamp())
        who = f"{name} <{address}> {at} +0000"
        message = f"{step.subject}\n\n{step.body}\n" if step.body else f"{step.subject}\n"
        yield f"commit refs/heads/main\nmark :{number}\nauthor {who}\ncommitter {who}\n{_data(message)}"
        if number > 1:
            yield f"from :{number - 1}\n"
        notes = "".join(f"- {one.subject}\n" for one in steps[:number])
        yield f"M 100644 inline HISTORY.md\n{_data(notes)}"
        if step.tag:
            yield f"tag {step.tag}\nfrom :{number}\ntagger {who}\n{_data(f'{step.tag}{chr(10)}')}"
        if step.branch:
            yield f"reset refs/heads/{step.branch}\nfrom :{number}\n\n"


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"
