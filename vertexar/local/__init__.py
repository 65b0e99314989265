"""One machine, nothing installed: PostgreSQL, Valkey and our own processes under one command.

Nothing here knows Django, so that the tests' servers can start before any settings are read.
"""
