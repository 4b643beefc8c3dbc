"""How exact figures leave: money as decimal strings, means and shares as rounded numbers."""

from decimal import ROUND_HALF_EVEN, Decimal

_CENT = Decimal("0.01")
_MEAN = Decimal("0.0001")
_SHARE = Decimal("0.000001")
_DECIMALS = 2


def money(amount: Decimal) -> str:
    """Return an amount with at least two and at most four decimals, e.g. "1523.50"."""
    whole, _, fraction = f"{amount:.4f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(_DECIMALS, '0')}"


def average_money(total: Decimal, count: int) -> str | None:
    """Return total / count rounded half even to cents, None when there is nothing to average."""
    if not count:
        return None
    return str((total / count).quantize(_CENT, ROUND_HALF_EVEN))


def mean(total: Decimal | int, count: int) -> float | None:
    """Return total / count rounded half even to four decimals, None without any."""
    if not count:
        return None
    return float((Decimal(total) / count).quantize(_MEAN, ROUND_HALF_EVEN))


def share(part: int, whole: int) -> float:
    """Return part / whole, 0 to 1, rounded half even to six decimals."""
    return float((Decimal(part) / whole).quantize(_SHARE, ROUND_HALF_EVEN))
