"""The operator's commands, beside the database. ``cuebook serve`` calls ``serve``."""

from cuebook_server.cli.serve import serve

__all__ = ["serve"]
