"""The rules: frozen data and pure functions."""
