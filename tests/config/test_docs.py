"""The documentation says what the settings are, all of them."""

from bot.config.settings import variables
from tests.config.settings_table import PAGE, page


def test_the_table_of_settings_is_up_to_date() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == page(), "run python -m tests.config.settings_table"
    assert all(name in written for name in variables())
