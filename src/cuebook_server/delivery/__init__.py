"""The hot path: what applications read."""
