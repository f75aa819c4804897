"""Text stays text: whatever is put into a page comes out of a parser as it went in, and makes no element."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from cuebook_server.ui.html import document, element, person

# A parser turns a carriage return into a line feed, and may do as it likes with controls.
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


class Reader(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


@given(TEXTS, TEXTS)
def test_text_and_attributes_come_back_as_they_went_in(text: str, attribute: str) -> None:
    read = Reader(element("p", text, title=attribute))
    assert (read.tags, read.attributes, read.text) == (["p"], [("title", attribute)], text)


@given(st.text(st.characters(exclude_categories=[])))
def test_no_text_makes_an_element(text: str) -> None:
    assert Reader(document(element("p", [text, person(text)])).decode()).tags == ["html", "p", "bdi"]


def test_names_that_python_keeps_for_itself() -> None:
    made = element("input", class_="a", data_x='"', required=True, disabled=False, value=None)
    assert made == '<input class="a" data-x="&quot;" required>'
