"""The example shop: its application answers as its README says, and its steps do what they say."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from edgewise.site import BucketOrigin, load_site

from .processes import serving

SHOP = Path(__file__).parents[2] / "examples/shop"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(load_site(SHOP)) as port:
        yield port


def ask(
    port: int, method: str, path: str, form: dict[str, str] | None = None, **headers: str
) -> tuple[HTTPResponse, str]:
    client = HTTPConnection("127.0.0.1", port, timeout=60)
    headers |= {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    client.request(method, path, urlencode(form) if form else None, headers)
    answer = client.getresponse()
    text = answer.read().decode()
    client.close()
    return answer, text


@pytest.mark.parametrize(
    ("path", "status", "fragment"),
    [
        ("/", 200, "Desk lamp"),
        ("/products/lamp", 200, "72.50 €"),
        ("/products/none", 404, "do not sell"),
        ("/thanks?product=lamp&quantity=2", 200, "2 × Desk lamp"),
        ("/account", 200, "Your account"),
        ("/broken", 500, "Internal Server Error"),
        ("/slow?seconds=0", 200, '{"slept_seconds":0.0}'),
        ("/slow?seconds=-1", 422, "greater than or equal"),
        ("/slow?seconds=nan", 422, "greater than or equal"),
        ("/nowhere", 404, "Not Found"),
    ],
)
def test_a_page_answers(port: int, path: str, status: int, fragment: str) -> None:
    answer, text = ask(port, "GET", path)
    assert (answer.status, fragment in text) == (status, True), text


def test_a_page_says_when_the_environment_that_asked_for_it_began(port: int) -> None:
    born = "2026-11-21T06:50:16.123456Z"
    asked = ask(port, "GET", "/", **{"X-Environment-Born": born})[1]
    assert f'<time datetime="{born}">' in asked
    assert "began" not in ask(port, "GET", "/")[1]


def test_the_api_answers_with_json(port: int) -> None:
    products = json.loads(ask(port, "GET", "/api/products")[1])
    assert len(products) == 4
    assert json.loads(ask(port, "GET", "/api/products?q=LAMP")[1]) == [products[1]]
    assert json.loads(ask(port, "GET", "/api/products/lamp")[1]) == products[1]
    answer, text = ask(port, "GET", "/api/products/none")
    assert (answer.status, "none" in text) == (404, True)


def test_an_order_redirects_to_a_page_that_can_be_reloaded(port: int) -> None:
    answer, _ = ask(port, "POST", "/orders", {"product_id": "lamp", "quantity": "2"})
    assert (answer.status, answer.headers["Location"]) == (303, "/thanks?product=lamp&quantity=2")
    assert ask(port, "POST", "/orders", {"product_id": "none"})[0].status == 404
    assert ask(port, "POST", "/orders", {"product_id": "lamp", "quantity": "0"})[0].status == 422


def test_what_a_page_links_to_is_in_the_bucket_and_nothing_is_elsewhere(port: int) -> None:
    (bucket,) = (one for one in load_site(SHOP).origins if isinstance(one, BucketOrigin))
    for page in ("/", "/products/lamp", "/account"):
        links = re.findall(r'(?:href|src)="([^"]+)"', ask(port, "GET", page)[1])
        assert not [link for link in links if "//" in link]
        files = [link for link in links if link.startswith("/public-data/")]
        assert files
        assert all((bucket.folder / file.lstrip("/")).is_file() for file in files)


def event(trigger: str, uri: str) -> dict[str, Any]:
    """A CloudFront event, as small as the developer guide's event structure allows."""
    request = {"clientIp": "203.0.113.9", "method": "GET", "uri": uri, "querystring": "", "headers": {}}
    config = {
        "distributionDomainName": "d.cloudfront.net",
        "distributionId": "D",
        "eventType": trigger,
        "requestId": "r",
    }
    cf: dict[str, Any] = {"config": config, "request": request}
    if trigger.endswith("response"):
        cf["response"] = {"status": "200", "statusDescription": "OK", "headers": {}}
    return {"Records": [{"cf": cf}]}


@pytest.fixture(scope="module")
def steps() -> Any:
    """The shop's steps as a module."""
    spec = importlib.util.spec_from_file_location("shop_steps", SHOP / "edge/app.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_old_link_is_sent_on_at_the_edge(steps: Any) -> None:
    answer = steps.handler(event("viewer-request", "/items/2"), None)
    assert answer["status"] == "301"
    assert answer["headers"]["location"][0]["value"] == "/products/lamp"
    passed = steps.handler(event("viewer-request", "/products/lamp"), None)
    assert (passed["uri"], "status" in passed) == ("/products/lamp", False)


def test_the_list_of_old_links_is_read_once_and_its_loss_harms_nobody(
    steps: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps.handler(event("viewer-request", "/items/1"), None)
    hits = steps.edge.memory.hits
    monkeypatch.setattr(steps, "__file__", str(tmp_path / "app.py"))
    assert steps.handler(event("viewer-request", "/items/1"), None)["status"] == "301"
    assert steps.edge.memory.hits == hits + 1
    steps.edge.memory.forget()
    passed = steps.handler(event("viewer-request", "/items/1"), None)
    assert (passed["uri"], "status" in passed) == ("/items/1", False)


def test_answers_get_security_headers(steps: Any) -> None:
    answer = steps.handler(event("origin-response", "/"), None)
    assert answer["headers"]["x-content-type-options"][0]["value"] == "nosniff"
    assert "content-security-policy" in answer["headers"]
