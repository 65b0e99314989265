"""What can keep a local installation from running, told in one line."""


class StartFailure(Exception):
    """The machine lacks or refuses something; the message is the one line that its owner reads."""
