"""How numbers are written, alike in texts and in figures: a share as '100 %', thousands as '3,000', below zero as '−3'."""


def percent(share: float, digits: int = 0) -> str:
    """A share, 1 for all, in per cent with so many decimals and a space before the sign: '12.5 %'."""
    return f"{share:.{digits}%}".replace("%", " %")


def three_digits(number: float) -> str:
    """A number with the three digits that count: '0.0312', '25.1', '6,240'; from a million on by a power of ten."""
    return f"{float(f'{number:.3g}'):,g}"


def true_minus(number: str) -> str:
    """A number as Python writes it, with a minus sign, as wide as a plus, in place of a hyphen."""
    return number.replace("-", "\N{MINUS SIGN}")
