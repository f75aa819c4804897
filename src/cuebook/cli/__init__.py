"""The command line, a client of the management API."""
