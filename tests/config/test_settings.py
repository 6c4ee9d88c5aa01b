"""What operators set, and how their slips are told: all at once, and without a secret in them."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import ConfigErrors, load, read_settings
from bot.config.settings import variables

KEY = base64.urlsafe_b64encode(bytes(32)).decode()
GOOD = {"SLACK_BOT_TOKEN": "xoxb-1-secret", "SLACK_APP_TOKEN": "xapp-1-secret"}


def wrong(environ: dict[str, str], *, serving: bool = True) -> list[str]:
    """Mistakes as a person reads them."""
    return [str(mistake) for mistake in read_settings(environ, serving=serving)[1]]


def test_a_token_and_a_socket_are_enough() -> None:
    settings, mistakes = read_settings(GOOD, serving=True)

    assert mistakes == []
    assert settings is not None
    assert settings.socket_mode
    assert settings.database_url.get_secret_value() == "sqlite:///data/eightbells.db"
    assert (settings.host, settings.port, settings.slack_api_url) == ("127.0.0.1", 3000, "https://slack.com/api/")
    assert settings.config == Path("eightbells.yml")


def test_values_may_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("xoxb-from-file\n")
    (tmp_path / "hook").write_text("hook-secret")
    settings, mistakes = read_settings(
        {
            "SLACK_BOT_TOKEN_FILE": str(tmp_path / "token"),
            "SLACK_SIGNING_SECRET": "shh-quiet",
            "EIGHTBELLS_HOOK_SECRET_GITHUB_FILE": str(tmp_path / "hook"),
            "EIGHTBELLS_HOOK_SECRET_MY_CI": "other-one",
        },
        serving=True,
    )

    assert mistakes == []
    assert settings is not None
    assert settings.bot_token is not None
    assert settings.bot_token.get_secret_value() == "xoxb-from-file"
    assert {name: secret.get_secret_value() for name, secret in settings.hook_secrets.items()} == {
        "github": "hook-secret",
        "my-ci": "other-one",
    }
    assert settings.secrets_for(["github", "my_ci", "gitlab"]) == {"github": "hook-secret", "my_ci": "other-one"}
    assert settings.secrets >= {"xoxb-from-file", "shh-quiet", "hook-secret", "other-one"}


def test_each_environment_has_a_token_of_its_own_for_flags() -> None:
    tokens = {"EIGHTBELLS_OFREP_TOKEN_PRODUCTION": "token-one", "EIGHTBELLS_OFREP_TOKEN_EU_WEST_1": "token-two"}
    settings, mistakes = read_settings(GOOD | tokens, serving=True)

    assert mistakes == []
    assert settings is not None
    assert settings.ofrep_tokens_of(["staging", "production", "eu-west.1"]) == {
        "production": "token-one",
        "eu-west.1": "token-two",
    }
    assert settings.secrets >= {"token-one", "token-two"}
    assert "token-one" not in repr(settings)
    assert wrong(GOOD | {"EIGHTBELLS_OFREP_TOKEN_A": "the-same-1", "EIGHTBELLS_OFREP_TOKEN_B": "the-same-1"}) == [
        "EIGHTBELLS_OFREP_TOKEN_B: is the same as EIGHTBELLS_OFREP_TOKEN_A; the token says which environment is "
        "asked about"
    ]
    assert wrong(GOOD | {"EIGHTBELLS_OFREP_TOKEN_A": "short"}) == [
        "EIGHTBELLS_OFREP_TOKEN_A: is too short to be a secret; use 8 characters or more"
    ]


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_logins_to_registries_are_read_from_the_file_that_docker_writes(tmp_path: Path) -> None:
    auths = {
        "https://index.docker.io/v1/": {"auth": encoded("ana:hunter-1")},
        "Registry.example.com:5000": {"auth": encoded("bot:hunter:2")},
        "quay.io/shop": {"username": "shop", "password": "hunter-3", "auth": ""},
        "ghcr.io": {},  # in docker's credentials store
        "shop.azurecr.io": {"auth": encoded("00000000:"), "identitytoken": "x"},
    }
    (tmp_path / "config.json").write_text(
        json.dumps({"auths": auths, "credsStore": "pass", "detachKeys": "ctrl-a"})
    )
    settings, mistakes = read_settings(
        GOOD | {"EIGHTBELLS_REGISTRY_AUTH_FILE": str(tmp_path / "config.json")}, serving=True
    )

    assert mistakes == []
    assert settings is not None
    assert settings.registry_logins == {
        "docker.io": encoded("ana:hunter-1"),
        "registry.example.com:5000": encoded("bot:hunter:2"),
        "quay.io/shop": encoded("shop:hunter-3"),
    }
    assert settings.secrets >= {"hunter-1", "hunter:2", "hunter-3", encoded("ana:hunter-1")}
    assert "hunter" not in repr(settings)
    assert encoded("ana:hunter-1") not in repr(settings)


def test_a_file_may_be_in_the_home_of_whoever_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "tokens").mkdir()
    (tmp_path / "tokens/github").write_text("ghp-from-home\n")
    settings, mistakes = read_settings(GOOD | {"GITHUB_TOKEN_FILE": "~/tokens/github"}, serving=True)

    assert mistakes == []
    assert settings is not None
    assert settings.github_token is not None
    assert settings.github_token.get_secret_value() == "ghp-from-home"


@pytest.mark.parametrize(
    ("path", "why"), [("~/none", "No such file or directory"), ("~nobody-such/token", "no such home")]
)
def test_a_home_that_has_no_such_file_is_told(
    path: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    _, mistakes = read_settings(GOOD | {"GITHUB_TOKEN_FILE": path}, serving=True)

    assert [str(one) for one in mistakes] == [f"GITHUB_TOKEN_FILE: {path} cannot be read ({why})"]


@pytest.mark.parametrize(
    ("auth", "told"),
    [
        ("/root/.docker/config.json", "is no docker config.json; name yours with EIGHTBELLS_REGISTRY_AUTH_FILE"),
        ("[" * 100_000, "is no docker config.json; name yours with EIGHTBELLS_REGISTRY_AUTH_FILE"),
        ("[]", "is no docker config.json: it has no auths"),
        ('{"auths": []}', "is no docker config.json: it has no auths"),
        ('{"auths": {"r.io": "hunter-1"}}', "is no docker config.json: auths.r.io should be a group of keys"),
        ('{"auths": {"r.io": {"auth": "hunter-1"}}}', "auths.r.io.auth is not user:password in base64"),
        ('{"auths": {"r.io": {"auth": 7}}}', "auths.r.io.auth is not user:password in base64"),
        (
            '{"auths": {"r.io": {}}, "credsStore": "pass"}',
            "holds no user with a password; docker keeps them elsewhere where config.json names a credsStore: "
            "take that line out, and log in again",
        ),
    ],
)
def test_a_file_without_logins_is_told_without_what_is_in_it(auth: str, told: str) -> None:
    assert wrong(GOOD | {"EIGHTBELLS_REGISTRY_AUTH": auth}) == [f"EIGHTBELLS_REGISTRY_AUTH: {told}"]


def test_every_slip_is_told_in_one_go() -> None:
    found = wrong(
        {
            "SLACK_BOT_TOKEN": "xoxp-of-a-person",
            "PORT": "99999",
            "DATABASE_URL": "mysql://u:pw@h/x",
            "EIGHTBELLS_KEY": "no-key",
            "EIGHTBELLS_TEMPLATE": "x",
            "EIGHTBELLS_PREFIX": "Ops!",
            "SLACK_API_URL": "http://slack.example/api",
            "GITHUB_TOKEN_FILE": "/nowhere/token",
        }
    )
    assert [line.partition(":")[0] for line in found] == [
        "EIGHTBELLS_TEMPLATE",
        "GITHUB_TOKEN_FILE",
        "EIGHTBELLS_PREFIX",
        "PORT",
        "SLACK_BOT_TOKEN",
        "DATABASE_URL",
        "SLACK_API_URL",
        "EIGHTBELLS_KEY",
        "SLACK_APP_TOKEN",
    ]
    assert "did you mean EIGHTBELLS_TEMPLATES?" in found[0]
    assert "No such file" in found[1]


def test_a_variable_and_its_file_are_one_too_many(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("xoxb-2")
    assert wrong(GOOD | {"SLACK_BOT_TOKEN_FILE": str(tmp_path / "token")}) == [
        "SLACK_BOT_TOKEN_FILE: SLACK_BOT_TOKEN is set as well; keep one of them"
    ]


def test_several_workspaces_are_refused_as_long_as_they_are_not_served() -> None:
    assert wrong(GOOD | {"SLACK_CLIENT_ID": "1.2"}) == [
        "SLACK_CLIENT_ID: one process serves one workspace for now; unset it, and set SLACK_BOT_TOKEN"
    ]


def test_migrating_needs_no_token() -> None:
    assert wrong({}, serving=False) == []
    assert wrong({"SLACK_BOT_TOKEN": ""}, serving=True)[0].startswith("SLACK_BOT_TOKEN: is not set")


def test_a_secret_that_can_be_guessed_is_refused() -> None:
    assert wrong(GOOD | {"EIGHTBELLS_HOOK_SECRET_GITHUB": "hunter2"}) == [
        "EIGHTBELLS_HOOK_SECRET_GITHUB: is too short to be a secret; use 8 characters or more"
    ]


def test_a_plain_address_is_allowed_on_this_machine_only() -> None:
    assert wrong(GOOD | {"SLACK_API_URL": "http://127.0.0.1:4000/api"}) == []


def test_settings_and_team_file_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors) as told:
        load({"EIGHTBELLS_CONFIG": str(tmp_path / "team.yml")})
    assert [mistake.where for mistake in told.value.mistakes] == [
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        str(tmp_path / "team.yml"),
    ]


SECRETS = [name for name in variables() if name.endswith(("TOKEN", "SECRET", "KEY", "AUTH", "DATABASE_URL"))]


@given(st.sampled_from(SECRETS), st.text("abcxyz0189-_:/@", min_size=8, max_size=40))
def test_no_mistake_shows_a_secret(name: str, tail: str) -> None:
    secret = f"s3cr3t{tail}s3cr3t"
    settings, mistakes = read_settings({name: secret, "PORT": "x"}, serving=True)
    assert mistakes
    assert secret not in "".join(map(str, mistakes))
    assert secret not in repr(settings)


def test_a_setting_never_prints_its_secrets() -> None:
    settings, _ = read_settings(GOOD | {"DATABASE_URL": "postgresql://u:hunter2@h/x"}, serving=True)
    assert settings is not None
    assert "secret" not in repr(settings).replace("signing_secret", "").replace("client_secret", "").replace(
        "hook_secrets", ""
    )
    assert "hunter2" not in repr(settings)
    assert "hunter2" in settings.secrets
