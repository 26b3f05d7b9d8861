"""The shop: pages, a JSON API, a form, and two routes that behave badly on purpose."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

from catalogue import PRODUCTS, Product, find
from fastapi import FastAPI, Form, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates

MAX_SLEEP_SECONDS = 20

app = FastAPI(title="Shop", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
pages = Jinja2Templates(Path(__file__).parent / "templates")


def _known(product_id: str) -> Product:
    product = find(product_id)
    if product is None:
        raise HTTPException(404, f"There is no product {product_id!r}.")
    return product


@app.head("/", include_in_schema=False)
@app.get("/", response_class=HTMLResponse)
def home(request: Request) -> HTMLResponse:
    return pages.TemplateResponse(request, "home.html", {"products": PRODUCTS})


@app.get("/products/{product_id}", response_class=HTMLResponse)
def product_page(request: Request, product_id: str) -> HTMLResponse:
    product = find(product_id)
    if product is None:
        return pages.TemplateResponse(request, "missing.html", status_code=404)
    return pages.TemplateResponse(request, "product.html", {"product": product})


@app.get("/api/products")
def list_products(q: Annotated[str, Query(max_length=100)] = "") -> list[Product]:
    """Every product, or those whose name contains `q`."""
    return [product for product in PRODUCTS if q.casefold() in product.name.casefold()]


@app.get("/api/products/{product_id}")
def get_product(product_id: str) -> Product:
    return _known(product_id)


@app.post("/orders")
def order(
    product_id: Annotated[str, Form()], quantity: Annotated[int, Form(ge=1, le=99)] = 1
) -> RedirectResponse:
    """Takes an order and sends the browser on with a GET, so that a reload does not order twice."""
    product = _known(product_id)
    return RedirectResponse(f"/thanks?product={product.id}&quantity={quantity}", status_code=303)


@app.get("/thanks", response_class=HTMLResponse)
def thanks(request: Request, product: str, quantity: int = 1) -> HTMLResponse:
    return pages.TemplateResponse(request, "thanks.html", {"product": _known(product), "quantity": quantity})


@app.get("/account", response_class=HTMLResponse)
def account(request: Request) -> HTMLResponse:
    return pages.TemplateResponse(request, "account.html")


@app.get("/broken")
def broken() -> None:
    """Always a 500: what a failure of the application looks like from the edge."""
    raise HTTPException(500)


@app.get("/slow")
async def slow(seconds: Annotated[float, Query(ge=0)] = 1.0) -> dict[str, float]:
    """Answers after a while, at most `MAX_SLEEP_SECONDS`."""
    slept = min(seconds, MAX_SLEEP_SECONDS)
    await asyncio.sleep(slept)
    return {"slept_seconds": slept}
