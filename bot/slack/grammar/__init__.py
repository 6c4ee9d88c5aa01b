"""The command grammar: from one usage line per verb come parsing, suggestions, help and forms."""

from bot.slack.grammar.book import Book, Help, Wish
from bot.slack.grammar.forms import form_of
from bot.slack.grammar.line import Line, Misread, Reading, compile
from bot.slack.grammar.suggest import nearest
from bot.slack.grammar.values import Around, Names

__all__ = ["Around", "Book", "Help", "Line", "Misread", "Names", "Reading", "Wish", "compile", "form_of", "nearest"]
