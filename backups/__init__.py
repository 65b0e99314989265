"""Copies of the database and the media, and the way back."""
