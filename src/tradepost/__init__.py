"""Tradepost: an open, self-hosted market for Steam items and a gateway that is paid in skins."""

__version__ = "0.1.0"
