"""Rules decide: pure functions over values, with no clock, no I/O and nothing but the standard library."""
