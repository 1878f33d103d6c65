"""Figures as people read them."""


def number(points: float) -> str:
    """Points without needless zeros: 3, 2.5, 1.67."""
    return f"{points:.2f}".rstrip("0").rstrip(".")
