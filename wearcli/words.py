"""Words of messages that depend on a number."""


def counted(count: int, noun: str, separator: str = "") -> str:
    """Return a number with its noun, in the plural where it is not one.

    Args:
        count: The number.
        noun: The noun, in the singular.
        separator: What separates thousands: "" or ",".

    Example:
        >>> counted(1, "recording"), counted(3000, "recording", ",")
        ('1 recording', '3,000 recordings')
    """
    return f"{count:{separator}} {noun}{'' if count == 1 else 's'}"
