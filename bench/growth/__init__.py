"""Growth: what costs more as a market grows, and what must not.

    python -m bench growth AXIS...   offers, trades, streams, agents, ipns

Each axis grows one thing, asks the same questions at every size and says of each how its cost grows: by the exponent
between the two largest sizes, 0 for what does not care and 1 for what doubles with its size. A curve whose exponent is
above that of its work is one that grows faster than its work.
"""

from bench.growth.axes import run

__all__ = ["run"]
