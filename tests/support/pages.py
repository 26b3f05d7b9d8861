"""What an HTML page must be, whatever stands in it: harmless, valid, and usable without a mouse."""

from __future__ import annotations

import html.parser


class Elements(html.parser.HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def assert_harmless(page: str) -> None:
    """That a page has no element, attribute or address that strangers could have put there."""
    for tag, attributes in Elements(page).found:
        assert tag not in ("img", "iframe", "svg", "object", "style", "base"), tag
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("href", "src", "action"):
            value = attributes.get(name) or "/"
            ours = value.startswith(("/", "#")) and not value.startswith("//")
            assert ours or (tag == "a" and value.startswith("https://docs.aws.amazon.com/")), value
        if tag == "script":
            assert attributes == {"src": "/live.js", "defer": None}


# What may stand without an end, and what may stand where; the rest of HTML is not used.
VOID = {"meta", "link", "input", "br", "hr"}
PARENTS = {
    "td": ("tr",),
    "th": ("tr",),
    "tr": ("thead", "tbody"),
    "thead": ("table",),
    "tbody": ("table",),
    "dt": ("dl",),
    "dd": ("dl",),
    "summary": ("details",),
    "title": ("head",),
    "meta": ("head",),
    "link": ("head",),
}
# Their content is phrasing: no block stands in them.
PHRASING = {"p", "h1", "h2", "h3", "pre", "a", "span", "strong", "bdi", "button", "label", "summary", "dt"}
INLINE = {"a", "span", "strong", "bdi", "button", "label", "input", "meter"}


class _Checked(html.parser.HTMLParser):
    """Raises `AssertionError` at what is wrong."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.linked: set[str] = set()
        self.headings: list[int] = []
        self.feed(page)
        self.close()
        assert self.open == [] and self.linked <= self.ids
        assert self.headings[0] == 1 and self.headings.count(1) == 1
        steps = zip(self.headings, self.headings[1:], strict=False)
        assert all(below <= above + 1 for above, below in steps), self.headings

    def handle_decl(self, decl: str) -> None:
        assert decl == "DOCTYPE html" and not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        assert len(attributes) == len(attrs), tag
        parent = self.open[-1] if self.open else "html"
        assert parent in PARENTS.get(tag, (parent,)), (parent, tag)
        assert parent not in PHRASING or tag in INLINE, (parent, tag)
        assert tag not in ("a", "button", "form") or tag not in self.open, tag
        if (name := attributes.get("id")) is not None:
            assert name not in self.ids
            self.ids.add(name)
        if (attributes.get("href") or "").startswith("#"):
            self.linked.add(str(attributes["href"])[1:])
        if tag == "html":
            assert attributes["lang"] == "en"
        if tag == "input":
            assert "label" in self.open, "an input has a label"
        if attributes.get("role") == "group":
            assert attributes.get("aria-label"), "what takes the focus says what it is"
        if tag in ("h1", "h2", "h3"):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def assert_valid(page: str) -> None:
    """That a page is a valid tree of elements, and can be used with a keyboard and a screen reader."""
    _Checked(page)
