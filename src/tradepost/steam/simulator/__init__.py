"""A whole Steam to build and test against: its wire shapes, its rules, and a clock that we move."""
