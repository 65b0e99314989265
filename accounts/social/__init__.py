"""Signing in with an account elsewhere: at Google, GitHub or any other OpenID provider.

django-allauth speaks with the provider (`exchange`); who may come in, and as whom, is decided here
(`people`). What opens is up to the same second factor and lock-out as with a password (`pages`), or
a one-time code for clients of the API (`codes`).
"""
