"""Redaction reads what deployments print, which is what they want: its steps grow with the text and no faster."""

from time import thread_time

import pytest

from bot.runtime.redaction import Redaction

SHORT, LONG = 2_000, 20_000  # characters
REPEATED = (
    *("a://", "a://u", "x://a:b", "x://:", "://user:", "https://hooks.slack.com/", "a://u:p/"),
    *("eyJ", "-eyJaaaaaaaaaa", "eyJaaaaaaaaaa-", "eyJaaaaaaaaaa.", "eyJaaaaaaaaaa.eyJaaaaaaaaaa-", "a"),
    *("-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "----- "),
    *("password=", "password='", 'passwd="', "password:", "secret", "token: ", "api_key-", "sslpassword="),
    *("Authorization:", "authorization: token ", "bearer ", "basic  ", " ", "\n"),
    *("?", "?a=", "?code", "code", "code=;", "code= ", ".pass", "tokenpass%", "&auth=", "#"),
    *("xoxb", ".xoxb-", "xapp-", "ghp_a", "github_pat_", "glpat-", "AKIA", "1", "1234567.", "@", ":", "/", "-"),
)
AFTER = {
    "?": ("code", "tokenpass%", "a.", "code=;"),
    "a://u:": ("a", ":", "/a"),
    "eyJ": ("a", "a-", "aaaaaaaaaa."),
    "-----BEGIN PRIVATE KEY-----": ("-----END ", " "),
    "password='": ("a", " ", "password="),
    "bearer": (" ", "a"),
}


def seconds(text: str) -> float:
    """Of this thread's own time, the better of two: others on the machine do not count."""
    redact, best = Redaction(["a-secret-of-ours"]).text, float("inf")
    for _ in range(2):
        began = thread_time()
        redact(text)
        best = min(best, thread_time() - began)
    return best


@pytest.mark.parametrize(("opening", "units"), [("", REPEATED), *AFTER.items()])
def test_ten_times_the_text_takes_about_ten_times_as_long(opening: str, units: tuple[str, ...]) -> None:
    for unit in units:
        short, long = (opening + (unit * length)[:length] for length in (SHORT, LONG))
        # What is quadratic takes a hundred times as long.
        assert seconds(long) < 40 * seconds(short), unit


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("a://b://c:d@e", "a://b:[hidden]@e"),
        ("a://u:p/a://v:q/w@host x://y:z", "a://u:[hidden]@host x://y:z"),
        ("eyJshort-eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0x.c2lnbmF0dXJl.", "[hidden]."),
        (f"eyJ{'a' * 5_000}.{'b' * 5_000}.{'c' * 5_000} end", "[hidden] end"),
        ("-eyJa.b eyJhbGciOiJIUzI1NiJ9.short.c2lnbmF0dXJl", None),
        ("/cb?a.codecode.b=x1&code=", "/cb?a.codecode.b=[hidden]&code="),
        ("?code=&token=abc", "?code=&token=[hidden]"),
        ("?tokentoken token", None),
    ],
)
def test_what_is_read_in_one_go_is_still_hidden(printed: str, shown: str | None) -> None:
    assert Redaction().text(printed) == (printed if shown is None else shown)
