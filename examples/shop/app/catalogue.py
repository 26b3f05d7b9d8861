"""What the shop sells."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """One product; `price` is in cents."""

    id: str
    name: str
    price: int
    text: str

    @property
    def price_text(self) -> str:
        return f"{self.price / 100:.2f} €"


PRODUCTS = (
    Product("kettle", "Kettle", 4900, "Enamelled steel, 1.5 litres. Whistles in a friendly key."),
    Product("lamp", "Desk lamp", 7250, "A jointed arm, a warm light, a switch that clicks."),
    Product("notebook", "Notebook", 1280, "192 pages of dotted paper that takes a fountain pen."),
    Product("blanket", "Blanket", 8900, "Undyed wool from two valleys away. 140 by 200 cm."),
)


def find(product_id: str) -> Product | None:
    return next((product for product in PRODUCTS if product.id == product_id), None)
