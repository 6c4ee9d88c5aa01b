"""Makes messages of templates: the one place where Jinja is used."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog
from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    Undefined,
    nodes,
    pass_eval_context,
)
from jinja2.compiler import CodeGenerator, Frame
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from bot.core.messages import Lasting, Rendered
from bot.slack.rendering import filters as rendering_filters
from bot.slack.rendering import limits
from bot.slack.rendering.blocks import MACROS
from bot.slack.rendering.kept import KeptRenderings
from bot.slack.rendering.sheet import Element, Sheet, TemplateFault, current

__all__ = ["OURS", "Rendering", "TemplateFault"]

OURS = Path(__file__).resolve().parents[3] / "templates"

# A value longer than this is cut. The next, tighter one is tried when a block has not become short enough; a
# value keeps its last step even where escaping makes five characters of each of its own.
_STEPS = (40_000, 1_000, 300, 100)

# Filters that would put unescaped text into a message, or escape it for HTML.
_UNSAFE_FILTERS = ("safe", "escape", "e", "forceescape", "tojson", "urlize", "xmlattr", "striptags", "pprint")

log = structlog.get_logger(__name__)


class _AsShown(CodeGenerator):
    """Writes what ``show`` returns as it is, as jinja2.nativetypes does; Jinja would escape it for HTML."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write(finalize.src)

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write(")")


@pass_eval_context  # so that Jinja calls this for literals as well, instead of escaping them itself for HTML
def show(_: Any, value: Any) -> str:
    """Jinja's ``finalize``: every interpolated value passes here, once."""
    kind = type(value)
    if kind is Markup:  # what a macro or a set-block of the template has made; it passed here already
        return value
    sheet = current.get()
    if kind is str and sheet.mode == "mrkdwn":
        return rendering_filters.escape(rendering_filters.capped(value))
    if isinstance(value, Element):
        sheet.place(value)
        return ""
    if isinstance(value, Undefined):
        str(value)  # raises, and names what is undefined
    if sheet.mode == "mrkdwn":
        return rendering_filters.markup(value)
    return rendering_filters.capped(
        rendering_filters.plain(value), lines=sheet.mode == "code"
    )  # plain text needs no escaping


class Rendering:
    """Templates by name, compiled once and kept.

    Args:
        overrides: a folder of the team's own, in which a template of the same name replaces ours. Its templates
            run in a sandbox; one that fails is logged and ours is used, so that a slip there loses no message.
        names: how a user id is called, or None.
        folder: where our own templates are.
    """

    def __init__(
        self, overrides: Path | None = None, *, names: rendering_filters.Names = lambda _: None, folder: Path = OURS
    ) -> None:
        self._kept = KeptRenderings(names)
        filters = rendering_filters.Words(self._kept.name_of).filters()
        self._ours = _prepared(Environment, FileSystemLoader(folder), filters)
        self._theirs: Environment | None = None
        self._overridden: frozenset[str] = frozenset()
        if overrides is not None:
            own = FileSystemLoader(overrides)
            self._theirs = _prepared(
                ImmutableSandboxedEnvironment, ChoiceLoader([own, FileSystemLoader(folder)]), filters
            )
            self._overridden = frozenset(name.removesuffix(".j2") for name in own.list_templates())

    def __call__(self, template: str, context: Mapping[str, Any]) -> Rendered:
        """The message; see ``bot.core.ports.Render``.

        Raises ``jinja2.TemplateError`` (an unknown name, an unknown template) and ``TemplateFault``.
        """
        if self._theirs is not None and template in self._overridden:
            try:
                return _rendered(self._theirs, template, context)
            except Exception as fault:  # noqa: BLE001  their template may do anything; ours still says it
                log.warning("template.override_failed", template=template, fault=str(fault))
        if isinstance(context, Lasting):
            return self._kept(template, context, lambda: _rendered(self._ours, template, context))
        return _rendered(self._ours, template, context)

    def refusal(self, sentence: str, *, usage: str = "", help_with: str = "") -> Rendered:
        """A no as a person reads it: the sentence, what could have been typed, and where to read more.

        Args:
            usage: the usage line with its command, such as ``/deploy lock <environment>``.
            help_with: what shows the help page, such as ``/deploy help``.
        """
        return self("refusals/refusal", {"sentence": sentence, "usage": usage, "help_with": help_with})

    def broken(self, reference: str) -> Rendered:
        """What a person reads when we failed; ``reference`` finds the traceback in the log."""
        return self("system/broken", {"reference": reference})

    def names(self) -> list[str]:
        """Every template of ours, without ``.j2``; parts that only others include begin with ``_``."""
        return [name.removesuffix(".j2") for name in self._ours.list_templates(extensions=["j2"])]

    def warm(self) -> None:
        """Compile everything now, so that no person waits for it later."""
        for name in self.names():
            self._ours.get_template(f"{name}.j2")

    async def warm_meanwhile(self) -> None:
        """The same beside other work: a few milliseconds at a time, so that a start does not wait for it."""
        for name in self.names():
            self._ours.get_template(f"{name}.j2")
            await asyncio.sleep(0)

    def mistakes(self) -> list[str]:
        """What is wrong in the team's own templates: those that do not compile, and names that replace nothing."""
        found: list[str] = []
        known = set(self.names())
        if self._theirs is None:
            return found
        for name in sorted(self._overridden):
            if name not in known and not name.rpartition("/")[2].startswith("_"):
                found.append(f"{name}.j2 replaces no template of ours")
            try:
                self._theirs.get_template(f"{name}.j2")
            except TemplateError as fault:
                found.append(f"{name}.j2 line {getattr(fault, 'lineno', '?')}: {fault.message}")
        return found


def _prepared(kind: type[Environment], loader: Any, filters: Mapping[str, Any]) -> Environment:
    # autoescape makes macros and set-blocks return Markup, by which ``show`` knows what it has escaped already;
    # what escaping means is decided by ``show`` alone.
    environment = kind(
        loader=loader,
        finalize=show,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.code_generator_class = _AsShown
    for name in _UNSAFE_FILTERS:
        environment.filters.pop(name)
    environment.filters.update(filters)
    environment.globals.update(MACROS)
    return environment


def _rendered(environment: Environment, name: str, context: Mapping[str, Any]) -> Rendered:
    template = environment.get_template(f"{name}.j2")
    most_blocks = limits.VIEW_BLOCKS_MAX if name.startswith("home/") else limits.MESSAGE_BLOCKS_MAX
    sheet = Sheet()
    for step in _STEPS:
        sheet = Sheet()
        outer_sheet, outer_longest = current.set(sheet), rendering_filters.longest.set(step)
        try:
            left_over = template.render(context).strip()
        finally:
            current.reset(outer_sheet)
            rendering_filters.longest.reset(outer_longest)
        if left_over:
            raise TemplateFault(f"{name} has words outside of any block: {left_over[:40]!r}")
        if not sheet.overflowed:
            break
    if sheet.text is None:
        raise TemplateFault(f"{name} has no notification()")
    return Rendered(sheet.text, sheet.finish(most_blocks))
