"""Creates, lists and revokes API keys."""
