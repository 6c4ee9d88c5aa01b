"""No part of an address that is secret is ever printed or logged; where it leads can still be read."""

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.__main__ import cli
from bot.config import known_secrets, read_team
from bot.config.addresses import readable, secrets_in
from bot.config.settings import Settings
from bot.operator.check import findings
from bot.runtime.logs import configure
from bot.runtime.redaction import Redaction
from bot.storage.engine.database import Database
from tests.fakes import FakeClock

SECRETS = ("correct-horse-battery", "p@ss:w/rd?x#1&y=%2", "grüße {und} küsse", "YWJj+/ZGVm==")
COMPONENTS = {
    "password": "{scheme}://bot:{secret}@127.0.0.1:9/eightbells",
    "password without a user": "{scheme}://:{secret}@127.0.0.1:9/eightbells",
    "query": "{scheme}://bot@127.0.0.1:9/eightbells?sslmode=disable&{name}={secret}",
    "query alone": "{scheme}://127.0.0.1:9/eightbells?{name}={secret}",
    "query without a name": "{scheme}://127.0.0.1:9/eightbells?{secret}",
    "fragment": "{scheme}://127.0.0.1:9/eightbells#{secret}",
    "fragment with a name": "{scheme}://127.0.0.1:9/eightbells#{name}={secret}",
}
OF_THE_WEB = {
    "user": "{scheme}://{secret}@127.0.0.1:9/eightbells",
    "user without a password": "{scheme}://{secret}:@127.0.0.1:9/eightbells",
    "user beside a fixed word": "{scheme}://{secret}:x-oauth-basic@127.0.0.1:9/eightbells",
}


def in_lower_case(secret: str) -> str:
    """Every byte percent-encoded, in the spelling that no library of ours writes."""
    return "".join(f"%{byte:02x}" for byte in secret.encode())


ENCODINGS = (lambda secret: quote(secret, safe=""), quote_plus, in_lower_case)


def forms(secret: str) -> set[str]:
    return {secret, quote(secret), *(encode(secret) for encode in ENCODINGS)}


@settings(max_examples=400, deadline=None)
@given(
    secret=st.text(
        st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=["Cs", "Cc"]), min_size=10
    ),
    name=st.from_regex(r"[a-z][a-z_]{2,11}", fullmatch=True),
    component=st.sampled_from([*COMPONENTS.values(), *OF_THE_WEB.values()]),
    encode=st.sampled_from(ENCODINGS),
    scheme=st.sampled_from(["postgresql", "postgres+asyncpg", "https", "http"]),
)
def test_no_component_of_an_address_shows_its_secret(secret, name, component, encode, scheme):
    scheme = "https" if component in OF_THE_WEB.values() else scheme
    # Names of parameters that say where a database is are shorter than a secret, and hold none.
    address = component.format(scheme=scheme, secret=encode(secret), name=f"x_{name}")
    known = secrets_in(address)
    shown = readable(address)
    logged = Redaction(known).text(f"cannot reach {address}; it was asked with {secret!r} and {encode(secret)}")

    for form in forms(secret):
        assert form not in shown
        assert form not in logged
    assert "127.0.0.1:9/eightbells" in shown
    assert "127.0.0.1" in logged


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("sqlite:///data/eightbells.db", "sqlite:///data/eightbells.db"),
        ("postgresql://bot:pw@db/e?password=hunter22", "postgresql://[hidden]@db/e?password=[hidden]"),
        ("postgresql:///e?host=/run/postgresql&user=bot", "postgresql:///e?host=/run/postgresql&user=[hidden]"),
        ("postgresql://bot:pa/s#s@db/e?sslmode=require", "postgresql://[hidden]@db/e?sslmode=require"),
        ("postgresql://bot:p@ss/w?rd@db/e?sslmode=require", "postgresql://[hidden]"),
        ("postgresql://db/e?password=p@ss", "postgresql://[hidden]"),
        ("https://token@api.example.com/v1/#a=b", "https://[hidden]@api.example.com/v1/#[hidden]"),
        ("correct-horse-battery", "[hidden]"),
    ],
)
def test_where_an_address_leads_can_be_read(address: str, shown: str) -> None:
    assert readable(address) == shown


def test_a_databases_user_is_a_name_and_no_secret() -> None:
    assert secrets_in("postgresql://eightbells@localhost/eightbells?user=eightbells") == set()
    assert secrets_in("https://issues.example.com/browse?id={TICKET}") == set()


def given_in(variable: str, secret: str) -> Iterator[dict[str, str]]:
    """Every way in which a variable can hold a secret, right or wrong."""
    addresses = {
        "DATABASE_URL": "postgresql",
        "SLACK_API_URL": "http",
        "EIGHTBELLS_URL": "https",
        "HTTPS_PROXY": "http",
    }
    if scheme := addresses.get(variable):
        named = COMPONENTS if scheme == "postgresql" else COMPONENTS | OF_THE_WEB
        for component in named.values():
            for encode in ENCODINGS:
                yield {variable: component.format(scheme=scheme, secret=encode(secret), name="opaque")}
        if scheme == "postgresql":
            yield {variable: f"postgresql://bot:{secret}@127.0.0.1:9/eightbells"}
            yield {variable: f"mysql://bot:{secret}@127.0.0.1/eightbells"}
    else:
        yield {variable: secret}
        yield {f"{variable}_FILE": secret}
        yield {variable: secret, "PORT": "none", "EIGHTBELLS_LOG_LEVEL": secret}


VARIABLES = [
    *("DATABASE_URL", "SLACK_API_URL", "EIGHTBELLS_URL", "HTTPS_PROXY"),
    *("EIGHTBELLS_HOOK_SECRET_GITHUB", "EIGHTBELLS_HOOK_SECRET_NOBODY", "EIGHTBELLS_OFREP_TOKEN_NOWHERE"),
    *(
        str(field.alias)
        for field in Settings.model_fields.values()
        if "SecretStr" in str(field.annotation) and "Mapping" not in str(field.annotation)
    ),
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("variable", dict.fromkeys(VARIABLES))
async def test_check_prints_no_secret_of_any_variable(variable: str, secret: str, tmp_path: Path) -> None:
    base = {"SLACK_API_URL": "http://127.0.0.1:9/api/", "DATABASE_URL": f"sqlite:///{tmp_path}/e.db"}
    base |= {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "EIGHTBELLS_CONFIG": str(tmp_path / "team.yml"),
    }
    (tmp_path / "team.yml").write_text("channels: {default: '#general'}\n")
    for environ in given_in(variable, secret):
        found = await findings(base | environ, clock=FakeClock(), scopes=(), actions={}, sources={})
        said = "\n".join(f"{one.what} {one.todo}" for one in found)

        assert said
        assert not [form for form in forms(secret) if form in said], (environ, said)
        if variable == "DATABASE_URL" and secret not in environ[variable]:
            assert "127.0.0.1:9/eightbells" in said
        assert not [form for form in forms(secret) if form in repeated(base | environ)]


def repeated(environ: dict[str, str]) -> str:
    """What is left of every value where an error repeats it as it is."""
    return Redaction(known_secrets(environ)).text("\n".join(environ.values()))


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("command", ["run", "migrate", "audit", "replay"])
def test_a_command_that_cannot_begin_says_why_without_the_secret(
    command: str, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in (
        f"postgresql://bot:{secret}@127.0.0.1:9/eightbells",
        f"postgresql://bot@127.0.0.1:9/eightbells?password={quote(secret, safe='')}",
        f"mysql://bot:{secret}@127.0.0.1/e",
    ):
        monkeypatch.setenv("DATABASE_URL", address)
        result = CliRunner().invoke(cli, [command])

        assert result.exit_code == 1
        assert result.output
        assert not [form for form in forms(secret) if form in result.output]


async def test_a_password_with_signs_of_addresses_is_not_told_as_a_port() -> None:
    for address in ("postgresql://bot:pa@half:secret@db/e", "postgresql://bot:x@db:secret/e"):
        with pytest.raises(ValueError, match="DATABASE_URL is not an address") as refused:
            await Database.open(address, clock=FakeClock(), replica_id="r")

        assert "secret" not in str(refused.value)


def test_addresses_of_the_team_file_keep_their_secrets(tmp_path: Path) -> None:
    (tmp_path / "team.yml").write_text(
        """
        channels: {default: "#general"}
        services:
          web:
            deploy: {http: {url: "https://bot:correct-horse@deployer.example.com/?hook=battery-staple"}}
        """
    )
    team, wrong = read_team(tmp_path / "team.yml")
    environ = {
        "EIGHTBELLS_CONFIG": str(tmp_path / "team.yml"),
        "no_proxy": "x",
        "https_proxy": "http://a:proxy-word@p",
    }

    assert not wrong
    assert known_secrets(environ, team) >= {"correct-horse", "battery-staple", "proxy-word"}
    assert known_secrets(environ) >= {"correct-horse", "battery-staple", "proxy-word"}


@pytest.fixture
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.mark.usefixtures("_as_before")
@pytest.mark.parametrize("human", [True, False])
@pytest.mark.parametrize("secret", SECRETS)
def test_an_error_that_repeats_an_address_is_logged_without_its_secret(secret: str, human: bool) -> None:
    stream = io.StringIO()
    environ = {"DATABASE_URL": f"postgresql://bot:{quote(secret, safe='')}@db.example.com/e?{quote_plus(secret)}"}
    configure(secrets=known_secrets(environ), stream=stream, human=human)
    try:
        raise ConnectionError(f"cannot reach {environ['DATABASE_URL']}")
    except ConnectionError:
        structlog.get_logger("x").exception("broke", address=environ["DATABASE_URL"], password=secret)

    said = stream.getvalue()
    assert "db.example.com/e" in said
    assert not [form for form in forms(secret) if form in said]


@pytest.mark.parametrize(
    "text",
    [
        "https://oauth2:LEAK@gitlab.example.com/x.git",
        "https://LEAK@github.com/x.git",
        "https://LEAK:x-oauth-basic@github.com/x.git",
        "postgresql://bot:p@LEAK@db/e",
        "postgresql://db/e?password=LEAK",
        "https://api.example.com/?X-Amz-Signature=LEAK&page=2",
        "https://api.example.com/cb#access_token=LEAK",
        "host=db password=LEAK dbname=e",
        "host=db password='LEAK 2' dbname=e",
    ],
)
def test_what_looks_like_an_address_with_a_secret_is_hidden_even_where_nobody_knows_it(text: str) -> None:
    said = Redaction().text(f"before {text} after")

    assert "LEAK" not in said
    assert said.startswith("before ")
    assert said.endswith(" after")


def test_ordinary_addresses_stay_as_they_are() -> None:
    plain = "https://ci.example.com:8443/job/12/?page=2&tab=log#L12 by ann@example.com, npm i @scope/x"

    assert Redaction().text(plain) == plain
