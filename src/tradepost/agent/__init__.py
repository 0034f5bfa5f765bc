"""The seller's program: keeps the Steam session on the seller's machine and does what the market asks."""
