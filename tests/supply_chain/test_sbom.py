"""The bill of materials names us and every package that runs, with its licence, and nothing else."""

import json
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from supply_chain.locked import pinned
from supply_chain.sbom import NotAsLocked, bill, main, only


@pytest.fixture(scope="module")
def text() -> str:
    return bill()  # validated against CycloneDX's schema, or it raises


@pytest.fixture
def made(text: str) -> dict[str, Any]:
    return json.loads(text)


def test_it_holds_what_is_locked_in_the_locked_versions_and_no_more(made: dict[str, Any]) -> None:
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert {canonicalize_name(one["name"]): one["version"] for one in made["components"]} == pinned()
    assert all(one["purl"].startswith("pkg:pypi/") for one in made["components"])


def test_we_stand_in_it_with_our_licence_and_what_we_need(made: dict[str, Any]) -> None:
    ours = made["metadata"]["component"]
    (needs,) = [one["dependsOn"] for one in made["dependencies"] if one["ref"] == ours["bom-ref"]]

    assert (ours["name"], ours["licenses"][0]["license"]["id"]) == ("eightbells", "MIT")
    assert {"aiohttp", "SQLAlchemy"} <= {one.partition("==")[0] for one in needs}


def test_every_component_names_its_licence_and_is_needed_by_another(made: dict[str, Any]) -> None:
    needed = {ref for one in made["dependencies"] for ref in one.get("dependsOn", ())}

    assert [one["name"] for one in made["components"] if not one.get("licenses")] == []
    assert [one["name"] for one in made["components"] if one["bom-ref"] not in needed] == []


def test_the_same_packages_give_the_same_bytes(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "7")

    assert bill() == text


def test_no_path_of_this_machine_is_in_it(text: str) -> None:
    assert "file:" not in text
    assert "/home/" not in text


def test_a_bill_of_other_versions_than_the_locked_ones_is_refused(made: dict[str, Any]) -> None:
    first = made["components"][0]
    changed = made | {"components": [first | {"version": "0"}, *made["components"][1:]]}

    with pytest.raises(NotAsLocked, match=canonicalize_name(first["name"])):
        only(changed, pinned())


def test_it_is_written_where_it_is_wanted(tmp_path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert main([str(tmp_path / "new" / "sbom.json")]) == 0
    assert (tmp_path / "new" / "sbom.json").read_text("utf-8") == text
    assert "components" in capsys.readouterr().out
