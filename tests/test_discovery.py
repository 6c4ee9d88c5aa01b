"""Discovery: what is there is found, what is not what it should be is named."""

import sys
from textwrap import dedent

import pytest

from bot import discovery
from bot.discovery import NotDiscoverable


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes a package of modules; gives its name."""
    monkeypatch.syspath_prepend(str(tmp_path))
    names = iter(("found_one", "found_two", "found_three"))

    def write(**modules):
        name = next(names)
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
        for module, text in modules.items():
            (tmp_path / name / f"{module}.py").write_text(dedent(text))
        return name

    yield write
    for name in [name for name in sys.modules if name.startswith("found_")]:
        del sys.modules[name]


COMMAND = """
    from bot.core.command import Command, word
    command = Command({name!r}, "about")
    @command.verb({usage!r}, "does")
    async def do(call, work): ...
"""


def test_the_projects_own_are_found_in_the_order_of_the_flow():
    assert list(discovery.commands())[:2] == ["plan", "code"]
    assert set(discovery.sources()) >= {"alertmanager", "github"}
    found = discovery.workflows()
    assert "deploy.run" in found.outside
    assert found.takers


def test_private_modules_are_not_looked_at(package):
    name = package(a=COMMAND.format(name="a", usage="x"), _helper="nonsense = 1")
    assert list(discovery.commands(name)) == ["a"]


@pytest.mark.parametrize(
    ("modules", "says"),
    [
        (
            {"a": COMMAND.format(name="x", usage="x"), "b": COMMAND.format(name="x", usage="x")},
            r"\.b and .*\.a both",
        ),
        ({"a": "x = 1"}, r"\.a holds no command"),
        ({"a": 'from bot.core.command import Command\ncommand = Command("a", "x")'}, r"/a has no verb"),
        ({"a": COMMAND.format(name="a", usage="x [y")}, r"\.a: /a: a bracket is not closed"),
        ({"a": "raise RuntimeError('boom')"}, r"\.a cannot be imported: RuntimeError: boom"),
    ],
)
def test_a_module_that_is_not_what_it_should_be_is_named(package, modules, says):
    with pytest.raises(NotDiscoverable, match=says):
        discovery.commands(package(**modules))


def test_a_source_must_be_one(package):
    with pytest.raises(NotDiscoverable, match=r"\.webhook holds no source"):
        discovery.sources(package(webhook="x = 1"))


def test_a_job_is_done_by_one_handler_only(package):
    handler = """
        from bot.core.handlers import due
        @due("x.y")
        async def do(work, due): ...
    """
    with pytest.raises(NotDiscoverable, match=r"both do the job .x.y."):
        discovery.workflows(package(a=handler, b=handler))


def test_an_imported_handler_counts_once(package):
    name = package(
        a="""
        from bot.core.handlers import due
        @due("x.y")
        async def do(work, due): ...
        """,
        b="from found_one.a import do",
    )
    assert list(discovery.workflows(name).inside) == ["x.y"]
