"""A bill with its share of the fixed costs, and its amounts as they are told."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from meterkast_api.money.cost import Bill
from meterkast_api.money.registers import KINDS

TOLD = (*KINDS, "fixed", "total")
DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Charge:
    """A bill with its share of the fixed costs; `fixed` is None where no contract has any."""

    bill: Bill
    fixed: Fraction | None = None

    def told(self) -> dict[str, int]:
        """Amounts in ten-thousandths, each rounded by itself; the total is that of the exact amounts."""
        amounts = self.bill.amounts
        told = {kind: _rounded(amount) for kind, amount in amounts.items()}
        if self.fixed is not None:
            told["fixed"] = _rounded(self.fixed)
        if told:
            exact = sum(amounts.values(), Decimal(0))
            told["total"] = _rounded(exact if self.fixed is None else Fraction(exact) + self.fixed)
        return told


def _rounded(amount: Decimal | Fraction) -> int:
    """To four decimals, halves away from zero."""
    if isinstance(amount, Decimal):
        return int(amount.scaleb(DECIMALS).to_integral_value(ROUND_HALF_UP))
    whole: int = (abs(amount) * 10**DECIMALS * 2 + 1) // 2
    return -whole if amount < 0 else whole
