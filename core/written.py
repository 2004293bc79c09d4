"""How numbers are written, alike in texts and in figures: a share as '100 %'."""


def percent(share: float, digits: int = 0) -> str:
    """A share, 1 for all, in per cent with so many decimals and a space before the sign: '12.5 %'."""
    return f"{share:.{digits}%}".replace("%", " %")
