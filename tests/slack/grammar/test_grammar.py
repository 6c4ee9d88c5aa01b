"""Texts against usage lines: what is understood, and what a person is told where it is not."""

from datetime import UTC, date, datetime

import pytest

from bot.core.command import (
    Command,
    Kind,
    choice,
    day,
    environment,
    id_of,
    number,
    person,
    service,
    text,
    when,
    word,
)
from bot.core.refusals import NotUnderstood, Refusal, Unknown
from bot.slack.grammar import Around, Book, Help, Misread, Wish, compile, form_of
from bot.slack.grammar.help import help_reply
from tests.fakes import ANA, NOON, PEOPLE, TEAM, TOM


class Named:
    """Names of the example people, by id and the other way round."""

    def name_of(self, id):
        return next((person.name for person in PEOPLE if person.id == id), None)

    def people_named(self, name):
        return [person for person in PEOPLE if person.name.casefold() == name.casefold()]

    def everybody(self):
        return PEOPLE


AROUND = Around(TEAM, ANA, NOON, Named())

DEPLOY = compile(
    "<service> <version> to <environment> [because <reason>]",
    {"service": service(), "version": word(), "environment": environment(), "reason": text()},
    called="/deploy",
)
ADD = compile(
    "add <title> [for <benefit>] [owner <owner>] [by <due>]",
    {"title": text(), "benefit": text(), "owner": person(), "due": day()},
    called="/plan",
)
LOCK = compile(
    "lock <environment> [until <end>] [because <reason>]",
    {"environment": environment(), "end": when(), "reason": text()},
    called="/deploy",
)


def args(line, typed):
    reading = line.read(typed, AROUND)
    assert reading.missing == ()
    return reading.args


def test_a_deploy_line_gives_its_arguments():
    assert args(DEPLOY, "web v1.4.0 to production because the fix is urgent") == {
        "service": "web",
        "version": "v1.4.0",
        "environment": "production",
        "reason": "the fix is urgent",
    }


@pytest.mark.parametrize(
    "typed",
    [
        "  web   v1.4.0  to  production ",
        "Web v1.4.0 TO Production",
        "web\u00a0v1.4.0\u202fto production",
        "w\u200beb v1.4.0 to produc\u00adtion",
        '"web" “v1.4.0” to ‘production’',
        "web v1.4.0 production",
        "web\nv1.4.0\nto production",
    ],
)
def test_spaces_case_invisible_marks_and_quotes_do_not_matter(typed):
    assert args(DEPLOY, typed) == {"service": "web", "version": "v1.4.0", "environment": "production"}


def test_groups_may_come_in_any_order_and_a_keyword_counts_once():
    given = args(ADD, "add Faster checkout by 2026-12-31 for people who wait for us owner Tom")
    assert given == {
        "title": "Faster checkout",
        "benefit": "people who wait for us",
        "owner": TOM.id,
        "due": date(2026, 12, 31),
    }


def test_quotes_make_keywords_literal():
    assert args(ADD, 'add "Stand by for takeoff"') == {"title": "Stand by for takeoff"}
    assert args(ADD, "add Stand “by” for takeoff")["title"] == "Stand “by”"


def test_a_text_keeps_its_quotes_apostrophes_and_dashes():
    assert args(ADD, "add Don’t say “no” – ever")["title"] == "Don’t say “no” – ever"


def test_a_doubled_quote_inside_of_quotes_is_one():
    assert args(ADD, 'add "say ""hi"" by noon"')["title"] == 'say "hi" by noon'


@pytest.mark.parametrize("who", ["<@U0TOM|tom>", "<@U0TOM>", "@Tom", "tom", "<@U0TOM>,"])
def test_a_person_is_a_mention_or_a_name(who):
    assert args(ADD, f"add X owner {who}")["owner"] == TOM.id


def test_me_is_the_caller():
    assert args(ADD, "add X owner me by 2026-12-31")["owner"] == ANA.id


def test_slack_markup_in_a_text_becomes_words():
    typed = "add See <https://x.example/a?b=1&amp;c=2|the page>, <@U0TOM> in <#C1|ops> &lt;b&gt; &amp;lt; <!here>"
    assert args(ADD, typed)["title"] == "See https://x.example/a?b=1&c=2, @Tom in #ops <b> &lt; @here"


def test_a_name_that_slack_made_a_link_of_is_the_name():
    line = compile("<version>", {"version": word()})
    assert args(line, "<http://v1.io|v1.io>") == {"version": "v1.io"}
    assert args(line, "<https://v1.io|v1.io>") == {"version": "https://v1.io"}
    assert args(line, "v1.4.0–rc1") == {"version": "v1.4.0-rc1"}


def test_ids_and_numbers_and_choices():
    line = compile(
        "<change> <count> <how>", {"change": id_of("C"), "count": number(), "how": choice("soon", "late")}
    )
    for written in ("C-41", "c-41", "41", "#41", "C41", "C–41"):
        assert args(line, f"{written} −3 SOON") == {"change": "C-41", "count": -3, "how": "soon"}


def test_a_keyword_alone_in_brackets_is_a_flag():
    line = compile("list [<service>] [mine]", {"service": service()})
    assert args(line, "list") == {}
    assert args(line, "list web mine") == {"service": "web", "mine": True}
    assert args(line, "list mine") == {"mine": True}


def test_an_optional_name_is_passed_over_where_the_word_is_another():
    line = compile("[<service>] [<how>]", {"service": service(), "how": choice("soon", "late")})
    assert args(line, "late") == {"how": "late"}
    assert args(line, "web late") == {"service": "web", "how": "late"}


def test_what_is_not_given_is_missing():
    reading = DEPLOY.read("web", AROUND)
    assert reading.args == {"service": "web"}
    assert reading.missing == ("version", "environment")
    assert LOCK.read("lock staging until", AROUND).missing == ("end",)


def test_an_unknown_service_is_refused_with_what_is_near():
    with pytest.raises(Unknown, match="Did you mean web") as refused:
        DEPLOY.read("wep v1 to production", AROUND)
    assert refused.value.field == "service"


def test_words_left_over_are_refused_with_the_usage_line():
    with pytest.raises(Misread, match=r"“untill Friday” means here. Did you mean “until”") as refused:
        LOCK.read("lock staging untill Friday", AROUND)
    assert refused.value.usage == "/deploy lock <environment> [until <end>] [because <reason>]"


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        ("add X owner Tim", "owner", "Did you mean Tom"),
        ("add X by never", "due", "no time I understand"),
        ("add X by 2026-11-23", "due", "in the past"),
        ("add X by 9999-01-01", "due", "too far away"),
        ('add "" by 2026-12-31', "title", "is empty"),
    ],
)
def test_a_refusal_names_the_field(typed, field, says):
    with pytest.raises(Refusal, match=says) as refused:
        ADD.read(typed, AROUND)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("typed", "given"),
    [
        ("add Speed up login by caching", {"title": "Speed up login by caching"}),
        ("add Pay for what one uses", {"title": "Pay", "benefit": "what one uses"}),
        ("add Show the owner of a build", {"title": "Show the owner of a build"}),
        ("add Sort by name by 2026-12-31", {"title": "Sort by name", "due": date(2026, 12, 31)}),
        ("add Show for Ana by name owner of all", {"title": "Show", "benefit": "Ana by name owner of all"}),
        ("add Faster by far for us by caching", {"title": "Faster by far", "benefit": "us by caching"}),
    ],
)
def test_a_keyword_before_what_looks_like_no_such_thing_is_a_word_of_the_text(typed, given):
    assert args(ADD, typed) == given


@pytest.mark.parametrize("typed", ["add X by Fridy", "add X by 31.02.", "add X owner Tomm"])
def test_a_slip_after_a_keyword_is_not_swallowed_by_the_text(typed):
    with pytest.raises(Refusal):
        ADD.read(typed, AROUND)


def test_a_keyword_after_a_name_stays_a_keyword():
    with pytest.raises(NotUnderstood, match="no time I understand"):
        LOCK.read("lock staging until whenever", AROUND)


def test_two_people_of_one_name_must_be_mentioned():
    class Two(Named):
        def people_named(self, name):
            return [ANA, TOM]

    with pytest.raises(NotUnderstood, match="could be 2 people: Ana, Tom"):
        ADD.read("add X owner Sam", Around(TEAM, ANA, NOON, Two()))


def test_a_text_that_is_far_too_long_is_refused():
    with pytest.raises(NotUnderstood, match="characters"):
        ADD.read("add " + "x" * 20_000, AROUND)


@pytest.mark.parametrize(
    "usage",
    ["<a", "[<a>", "<a>]", "a [b [c]]", "<a> <a>", "to <a> to <b>", "<c>", "[]", "<a> [<b> <x>"],
)
def test_a_line_that_makes_no_parser_is_an_error_at_start(usage):
    with pytest.raises(ValueError, match=r"."):
        compile(usage, {"a": word(), "b": word()})


# --- the book -----------------------------------------------------------------------------------------------


def build():
    deploy = Command("deploy", "Deploy a service")

    async def handle(call, work): ...

    deploy.verb(
        "<service> <version> to <environment>",
        "Ask for a deployment",
        examples=("web v1 to staging",),
        service=service("what"),
        version=word("which"),
        environment=environment("where"),
    )(handle)
    deploy.verb("lock <environment>", "Keep others out", environment=environment())(handle)
    deploy.verb("approve <id>", "Say yes", hidden=True, id=id_of("D"))(handle)
    ends = Command("loose-ends", "What is temporary")
    ends.verb("", "All of it", reads_only=True)(handle)
    plan = Command("plan", "Plan")
    plan.verb("add <title>", "Add a change", title=text())(handle)
    return {"deploy": deploy, "loose-ends": ends, "plan": plan}


BOOK = Book(build(), prefix="ops-")


def test_the_first_word_chooses_the_verb_and_else_the_nameless_one():
    deploy = BOOK.command("/ops-deploy")
    assert BOOK.command("/deploy") is None
    wish = BOOK.understand(deploy, "lock staging", AROUND)
    assert isinstance(wish, Wish)
    assert wish.verb.action == "deploy.lock"
    assert BOOK.understand(deploy, "web v1 to staging", AROUND).verb.action == "deploy"


def test_a_misspelt_verb_is_suggested():
    with pytest.raises(Misread, match="Did you mean “lock”"):
        BOOK.understand(BOOK.commands["deploy"], "lokc staging", AROUND)
    with pytest.raises(Misread, match=r"/ops-plan has no “list”. It has: add"):
        BOOK.understand(BOOK.commands["plan"], "list", AROUND)


def test_help_is_asked_for_in_three_ways():
    deploy = BOOK.commands["deploy"]
    assert BOOK.understand(deploy, "help", AROUND) == Help(deploy)
    assert BOOK.understand(deploy, "help lock", AROUND) == Help(deploy, deploy.verbs["lock"])
    assert BOOK.understand(deploy, "lock help", AROUND) == Help(deploy, deploy.verbs["lock"])
    assert BOOK.understand(BOOK.commands["plan"], "", AROUND) == Help(BOOK.commands["plan"])
    assert BOOK.understand_mention("help", AROUND) == Help()


def test_a_mention_names_its_command_with_or_without_slash_and_prefix():
    for typed in (
        "deploy lock staging",
        "/ops-deploy lock staging",
        "ops-deploy lock staging",
        "DEPLOY lock staging",
    ):
        assert BOOK.understand_mention(typed, AROUND).verb.action == "deploy.lock"
    assert BOOK.understand_mention("loose–ends", AROUND).verb.action == "loose-ends"
    with pytest.raises(NotUnderstood, match="Did you mean “deploy”"):
        BOOK.understand_mention("deplyo web", AROUND)


def test_help_shows_what_one_may_do_and_no_buttons():
    reply = help_reply(BOOK, Help(BOOK.commands["deploy"]), lambda verb: verb.name != "lock")
    assert reply.template == "help/command"
    assert reply.context["name"] == "/ops-deploy"
    assert reply.context["verbs"] == [
        {
            "usage": "/ops-deploy <service> <version> to <environment>",
            "summary": "Ask for a deployment",
            "examples": ["/ops-deploy web v1 to staging"],
        }
    ]


def test_help_on_everything_leaves_out_commands_of_which_one_may_do_nothing():
    reply = help_reply(BOOK, Help(), lambda verb: verb.command == "plan")
    assert [command["name"] for command in reply.context["commands"]] == ["/ops-plan"]


def test_a_form_has_a_field_for_each_slot_and_what_was_given():
    verb = BOOK.verbs["deploy"]
    form = form_of(verb, BOOK.line(verb), {"service": "web"})
    assert form.title == "Deploy"
    assert [(field.name, field.value, field.optional) for field in form.fields] == [
        ("service", "web", False),
        ("version", None, False),
        ("environment", None, False),
    ]
    assert form.fields[0].parameter.kind is Kind.SERVICE


def test_what_is_written_reads_back():
    given = {
        "service": "web",
        "version": "to",
        "environment": "production",
        "reason": 'because of "this" & <that>',
    }
    assert args(DEPLOY, DEPLOY.write(given, AROUND)) == given
    lock = {"environment": "staging", "end": datetime(2026, 11, 27, 9, 0, tzinfo=UTC)}
    assert args(LOCK, LOCK.write(lock, AROUND)) == lock
