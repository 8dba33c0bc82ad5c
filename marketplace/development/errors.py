"""What can be wrong with a developer's machine, each told in one sentence."""


class DevelopmentError(Exception):
    """Something the launcher needs is lacking or broke; its text is what the developer reads."""
