"""People in the back office: who they are, where they belong, their sessions, what they did."""

from accounts.admin import audit, organizations, people, sessions

__all__ = ["audit", "organizations", "people", "sessions"]
