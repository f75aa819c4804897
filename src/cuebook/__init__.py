"""Cuebook: prompts as production assets. What an application imports."""
