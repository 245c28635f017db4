"""Examples of the answers about money."""

from typing import Any

CONTRACTS: dict[str, Any] = {
    "currency": "EUR",
    "contracts": [
        {
            "name": "Fixed 2025",
            "from": "2025-01-01",
            "until": "2026-01-01",
            "prices": {
                "energy_import_t1_kwh": 0.2712,
                "energy_import_t2_kwh": 0.295,
                "energy_export_kwh": 0.07,
                "gas_m3": 1.21,
            },
            "fixed": {"electricity": 7.25, "gas": 6.5, "other": -52.62},
        },
        {
            "name": "Hourly",
            "from": "2026-01-01",
            "prices": {"gas_m3": 1.18},
            "fixed": {"electricity": 5.99},
            "hourly": {"import_markup_kwh": 0.1328, "export_markup_kwh": -0.01, "tax_percent": 21},
        },
    ],
}
PRICES = {
    "prices": [
        {"from": "2026-03-29T00:00:00+01:00", "price_kwh": 0.08121},
        {"from": "2026-03-29T01:00:00+01:00", "price_kwh": -0.00012},
    ]
}
PRICES_CSV = "from,price EUR/MWh\n2026-03-29T00:00+01:00,81.21\n2026-03-29T01:00+01:00,-0.12\n"
PRICES_TAKEN = {
    "rows": 24,
    "new": 24,
    "changed": 0,
    "from": "2026-03-28T00:00:00+01:00",
    "to": "2026-03-28T23:00:00+01:00",
}
COST = {"electricity_import": 0.0575, "gas": 0.0484, "fixed": 0.0084, "total": 0.1143}
COST_MISSING = [
    {
        "what": "water_m3",
        "from": "2026-03-29T00:00:00+01:00",
        "to": "2026-03-29T01:00:00+01:00",
        "why": "contract 'Hourly' has no price for water_m3",
    }
]
