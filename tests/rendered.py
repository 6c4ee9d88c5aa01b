"""The real templates for a ``World``: whatever a test lets be said must also render."""

from bot.core.messages import Message
from bot.core.ports import Render
from bot.slack.rendering.render import Rendering
from tests.fakes import PEOPLE, World

RENDER: Render = Rendering(names={person.id: person.name for person in PEOPLE}.get)


def world() -> World:
    """A world in which everything that is said is rendered too."""
    return World(render=RENDER)


def shown(message: Message) -> str:
    """What a phone shows of a message, and every text of its blocks, a line each."""
    rendered = RENDER(message.template, message.context)
    return "\n".join((rendered.text, *_texts(rendered.blocks)))


def buttons(message: Message) -> list[tuple[str, str]]:
    """The buttons of a message: action and value."""
    blocks = RENDER(message.template, message.context).blocks
    elements = [element for block in blocks if block["type"] == "actions" for element in block["elements"]]
    return [(element["action_id"], element.get("value", "")) for element in elements]


def _texts(node: object) -> list[str]:
    if isinstance(node, dict):
        if node.get("type") in {"mrkdwn", "plain_text"}:
            return [node["text"]]
        return [text for value in node.values() for text in _texts(value)]
    if isinstance(node, list | tuple):
        return [text for value in node for text in _texts(value)]
    return []
