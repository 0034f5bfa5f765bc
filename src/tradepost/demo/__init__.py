"""A whole seeded town for trying things out: names, users, inventories, robots, and who starts them."""
