"""The one exception that users see."""


class RehabCoachError(Exception):
    """Something that the user can put right: the message says what is wrong and what to do next.

    The command line prints it in one line and exits with 2; a node logs it and exits with 1.
    """
