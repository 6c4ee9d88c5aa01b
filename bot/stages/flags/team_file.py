"""Segments in the team file: a name, and whom it means, as people write it after “for” in the command."""

from typing import Annotated

from pydantic import BeforeValidator

from bot.core.refusals import Refusal
from bot.stages.flags.model.segment import Segment, read_segment


def _segment(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("write conditions, such as: country in DE, AT and plan = pro")
    try:
        return read_segment(value, {})
    except Refusal as refusal:
        raise ValueError(refusal.sentence) from refusal


SegmentPart = Annotated[Segment, BeforeValidator(_segment)]
