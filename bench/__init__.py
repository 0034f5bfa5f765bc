"""What is claimed about speed, each claim in one command, side by side with what it is compared to: `python -m bench`."""
