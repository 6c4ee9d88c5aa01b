"""The command grammar: from one usage line per verb come parsing, suggestions, help and forms."""

from bot.runtime.grammar.book import Book, Help, Wish
from bot.runtime.grammar.forms import form_of
from bot.runtime.grammar.line import Line, Misread, Reading, compile
from bot.runtime.grammar.suggest import nearest
from bot.runtime.grammar.values import Around, Names

__all__ = ["Around", "Book", "Help", "Line", "Misread", "Names", "Reading", "Wish", "compile", "form_of", "nearest"]
