"""Steam is outside: what we ask it over HTTP, and a simulated one that answers alike."""
