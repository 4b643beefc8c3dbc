"""Who may call what: API keys, bearer tokens of an identity provider, their scopes and rates."""
