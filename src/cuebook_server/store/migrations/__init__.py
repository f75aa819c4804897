"""The schema's history. Each file is one step, up and down, the same on both databases."""
