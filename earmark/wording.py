"""How counts are said."""

from __future__ import annotations


def counted(count: int, thing: str) -> str:
    """A count and its noun, in the plural where it is one.

    Examples
    --------
    >>> counted(1, "clip"), counted(2_000, "clip"), counted(0, "named speaker")
    ('1 clip', '2,000 clips', '0 named speakers')
    """
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def there_are(count: int, thing: str) -> str:
    """The same as the beginning of a sentence.

    Examples
    --------
    >>> there_are(1, "clip"), there_are(0, "clip")
    ('there is 1 clip', 'there are 0 clips')
    """
    return f"there {'is' if count == 1 else 'are'} {counted(count, thing)}"
