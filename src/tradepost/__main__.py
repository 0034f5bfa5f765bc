"""`python -m tradepost` is `tradepost`."""

import sys

from tradepost.cli import main

sys.exit(main())
