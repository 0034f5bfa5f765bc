"""Dialects speak: each module is one way of talking to the market, with its own manners."""
