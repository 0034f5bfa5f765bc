"""Every setting there is, read once at the start, and refused in a sentence if it is wrong."""

from tradepost.config.keys import keys
from tradepost.config.reading import SETTINGS, ConfigRefused, load, settings_table, shown
from tradepost.config.settings import Settings

__all__ = ["SETTINGS", "ConfigRefused", "Settings", "keys", "load", "settings_table", "shown"]
