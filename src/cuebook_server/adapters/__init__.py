"""The rest of the outside world."""
