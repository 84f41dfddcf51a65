"""Words of messages that depend on a number."""


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it is not one.

    Example:
        >>> counted(1, "recording"), counted(3, "recording")
        ('1 recording', '3 recordings')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"
