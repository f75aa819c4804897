"""The Cuebook server: a registry of prompts, environments and releases."""
