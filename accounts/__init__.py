"""Who: users, organisations, roles, tokens. Knows nothing of content."""
