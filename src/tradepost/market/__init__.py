"""The market does: one module a noun, functions as verbs, the SQL beside its verb."""
