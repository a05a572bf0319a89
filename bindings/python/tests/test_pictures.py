# SPDX-License-Identifier: MIT
"""What notebooks show: right, and harmless whatever things are called."""
import html.parser
import xml.etree.ElementTree as xml

import pytest

import netpol
from netpol import _pictures as pictures

SVG = "{http://www.w3.org/2000/svg}"
EVIL = "</text><script>alert(1)</script>\"'><img src=x onerror=alert(1)>&\x1b\u202e"


class Tags(html.parser.HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.seen, self.attributes, self.words = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data):
        self.words.append(data)


def test_connections_are_those_of_the_list(engine):
    made = engine.connections()
    assert str(made) == engine.list().rstrip("\n")
    assert len(made) == len(list(made)) == len(made[:]) and made[0] == made[:1][0]
    to_db = engine.connections(focus="default/db")
    assert {(c.src, c.text) for c in to_db if c.dst == "default/db[Pod]"} == {
        ("default/api[Pod]", "TCP 3306"), ("prod/api[Pod]", "TCP 3306"),
        ("prod/report[Pod]", "TCP 3306")}
    assert to_db[-1].ports == {"TCP": ((3306, 3306),)} and hash(to_db[-1])


def test_a_picture_has_a_line_a_connection(engine):
    made = engine.connections()
    drawn = xml.fromstring(made._repr_svg_())
    paths = [path.findtext(f"{SVG}title") for path in drawn.iter(f"{SVG}path")]
    assert sorted(paths) == sorted(f"{c.src} -> {c.dst}  {c.text}" for c in made)
    names = {text.text for text in drawn.iter(f"{SVG}text")}
    assert names == {c.src for c in made} | {c.dst for c in made}
    few = xml.fromstring(made.to_svg(limit=3))
    assert len(list(few.iter(f"{SVG}path"))) == 3
    assert f"and {len(made) - 3} more" in [text.text for text in few.iter(f"{SVG}text")]


def test_boxes_do_not_lie_on_each_other(engine):
    drawn = xml.fromstring(engine.connections().to_svg())
    boxes = [tuple(float(box.get(k)) for k in ("x", "y", "width", "height"))
             for box in drawn.iter(f"{SVG}rect")]
    for i, (x, y, width, height) in enumerate(boxes):
        assert x >= 0 and y >= 0 and x + width <= float(drawn.get("width"))
        assert y + height <= float(drawn.get("height"))
        for other_x, other_y, *_ in boxes[i + 1:]:
            assert x != other_x or abs(y - other_y) >= height


def test_notebooks_get_all_forms(engine):
    made = engine.connections()._repr_mimebundle_()
    assert set(made) == {"text/plain", "text/html", "image/svg+xml"}
    assert {"svg", "table"} <= set(Tags(made["text/html"]).seen)


def test_verdicts_and_reasons(engine):
    verdict = engine.verdict("default/web", "default/db", port=3306)
    page = verdict._repr_html_()
    assert page == verdict.explain()._repr_html_()
    words = Tags(page).words
    assert "deny" in words and "no-rule" in words and "NetworkPolicy default/db-policy" in words
    assert any(word.endswith("1-either.yaml:3") for word in words)
    answer = engine.ask("default/*", "default/db", port=3306)
    assert "mixed" in Tags(answer._repr_html_()).words


@pytest.mark.parametrize("name", [EVIL, "a\x00b", "]]>", "<!--", "&lt;"])
def test_every_text_is_only_text(name):
    assert pictures.escape(name).isprintable()
    drawn = pictures.links_svg([pictures.Link(name, name, name)])
    tree = xml.fromstring(drawn)
    assert {element.tag for element in tree.iter()} == {
        SVG + tag for tag in ("svg", "title", "path", "rect", "text")}
    decision = netpol.Decision("egress", True, name, name, name, None, None, None, name, 1, 1, ())
    page = netpol.Explanation(True, decision, decision, name)._repr_html_()
    tags = Tags(page)
    assert not {"script", "img"} & set(tags.seen) and "onerror" not in tags.attributes


def test_no_links_are_a_small_picture():
    assert xml.fromstring(pictures.links_svg([])).tag == f"{SVG}svg"
