"""How long something takes, in the words of a sentence."""

from datetime import timedelta


def rounded(span: timedelta) -> str:
    """ "2 h 10 min", "4 min 12 s", "3 days": the two largest units at most; a negative span is taken as none."""
    seconds = max(0, round(span.total_seconds()))
    days, hours, minutes = seconds // 86_400, seconds % 86_400 // 3600, seconds % 3600 // 60
    if days:
        shown = "1 day" if days == 1 else f"{days} days"
        return f"{shown} {hours} h" if hours and days < 7 else shown
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if minutes:
        return f"{minutes} min {seconds % 60} s" if seconds % 60 and minutes < 10 else f"{minutes} min"
    return f"{seconds} s"
