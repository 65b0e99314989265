"""What keeps a local installation from running, told in one line."""


class CannotRun(Exception):
    """This machine lacks or refuses something; the message is the one line that its owner reads."""
