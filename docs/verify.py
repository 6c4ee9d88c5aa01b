"""Verifies an export of the ledger, with nothing but Python: python3 verify.py ledger.jsonl [KEPT_HEAD ...]

A kept head is PLACE:DIGEST as the bot posted it. Exit status: 0 the chain is whole, 1 it is not, 2 it is no export.
"""

import hashlib
import json
import sys


def digest(before, entry):
    words = [before] + [entry[name] for name in ("place", "id", "at", "kind", "by", "subjects", "facts")]
    text = json.dumps(words, separators=(",", ":"), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def faults(lines, kept):
    start = json.loads(next(lines))
    if start.get("ledger") != "eightbells" or start.get("format") != 1:
        raise ValueError("this is no export of a ledger in format 1")
    place, before, head = 0, hashlib.sha256(b"eightbells ledger").hexdigest(), None
    for line in lines:
        entry = json.loads(line)
        if head is not None:
            yield "something stands behind the head"
        if "head" in entry:
            head = entry["head"]
            continue
        if entry["place"] != place + 1:
            yield f"after place {place} comes place {entry['place']}"
        elif entry["digest"] != digest(before, entry):
            yield f"the entry at place {entry['place']} is not as it was sealed"
        place, before = entry["place"], entry["digest"]
        if kept.get(place, before) != before:
            yield f"the chain up to place {place} was written anew: that is not the head that was kept"
    if head != {"place": place, "digest": before}:
        yield f"the end of the chain, place {place}, is not the head {head}"
    yield from (
        f"the entries up to place {one}, of which a head was kept, are missing" for one in kept if one > place
    )


if __name__ == "__main__":
    try:
        heads = {int(place): mark for place, mark in (head.split(":") for head in sys.argv[2:])}
        with open(sys.argv[1], encoding="ascii") as export:
            found = list(faults(export, heads))
    except (OSError, LookupError, ValueError, StopIteration) as problem:
        sys.stderr.write(f"cannot verify this: {problem!r}\n")
        sys.exit(2)
    sys.stdout.write("\n".join(found or ["The chain is whole."]) + "\n")
    sys.exit(1 if found else 0)
