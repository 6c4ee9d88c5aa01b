"""Answers as tables and files: a line for each person and question, as a spreadsheet or a program reads them."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.stages.standup.model.history import Told

COLUMNS = ("day", "stand-up", "round", "person", "question", "answer", "given_at", "late_minutes", "skipped")


def rows_of(told: Sequence[Told], name_of: Callable[[str], str]) -> list[Mapping[str, Any]]:
    """A row for each question that was answered, and one for each skip; instants are UTC."""
    rows: list[Mapping[str, Any]] = []
    for one in told:
        common = {
            "day": one.round.day.isoformat(),
            "stand-up": one.round.name or one.round.channel,
            "round": one.round.id,
            "person": name_of(one.answer.user_id),
            "given_at": one.answer.at.isoformat(timespec="seconds"),
            "late_minutes": int(one.answer.late_by.total_seconds() // 60) if one.answer.late_by else 0,
            "skipped": one.answer.skipped,
        }
        questions = {question.id: question.words for question in one.round.questions}
        said = [(questions.get(each.question, each.question), each.words) for each in one.answer.said]
        for question, words in said or [("", "")]:
            rows.append({**common, "question": question, "answer": words})
    return [{column: row[column] for column in COLUMNS} for row in rows]


def as_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """For a spreadsheet: UTF-8 with its mark, and nothing in a cell that a spreadsheet would run as a formula."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    for row in rows:
        writer.writerow({column: _harmless(row[column]) for column in COLUMNS})
    return out.getvalue().encode("utf-8-sig")


def as_json(value: Any) -> bytes:
    """For a program."""
    return json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8")


def _harmless(value: Any) -> Any:
    # A cell that begins so is a formula: owasp.org/www-community/attacks/CSV_Injection
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
