"""How numbers are written, alike in texts and in figures: a share as '100 %', thousands as '3,000', below zero as '−3'."""


def percent(share: float, digits: int = 0) -> str:
    """A share, 1 for all, in per cent with so many decimals and a space before the sign: '12.5 %'."""
    return f"{share:.{digits}%}".replace("%", " %")


def three_digits(number: float) -> str:
    """A number with the three digits that count, zeros at its end too: '0.0312', '2.30', '6,240'; a whole one as it is.

    From a million on by a power of ten.
    """
    return kept_digits(number, 3) if abs(number) < 999.5 else f"{float(f'{number:.3g}'):,g}"


def kept_digits(number: float, digits: int) -> str:
    """A number below a thousand with so many digits that count: '2.30' and not '2.3', which would claim less; '24' for 24."""
    return f"{number:z#.{digits}g}".rstrip(".") if number % 1 else f"{number:z.{digits}g}"


def true_minus(number: str) -> str:
    """A number as Python writes it, with a minus sign, as wide as a plus, in place of a hyphen."""
    return number.replace("-", "\N{MINUS SIGN}")
