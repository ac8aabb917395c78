"""Where a flowing text is cut, and where its footnotes go."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handbook.files.child import Limits, Part, RenderFailed
from handbook.files.sections import (
    MAX_WORDS,
    MIN_WORDS,
    TITLE_WORDS,
    Block,
    begins_section,
    make_parts,
    split,
)

LONG = "từ " * MIN_WORDS
BLOCKS = st.lists(
    st.builds(
        lambda words, begins: Block("", "từ " * words, begins),
        st.integers(1, 700),
        st.booleans(),
    ),
    max_size=30,
)


def _make(*blocks: Block) -> list[Part]:
    return list(make_parts(blocks, Limits()))


def _note(name: str, text: str = "Ghi chú") -> Block:
    return Block(f"<li>{text}</li>", text, items_of=("ol", 9), note=name)


@given(BLOCKS)
def test_parts_hold_every_block_once_in_order(blocks: list[Block]) -> None:
    assert list(itertools.chain.from_iterable(split(blocks))) == blocks


@given(BLOCKS)
def test_parts_begin_where_they_should(blocks: list[Block]) -> None:
    runs = split(blocks)
    for run in runs:
        for place in range(1, len(run)):
            before = sum(block.words for block in run[:place])
            rest = sum(block.words for block in run[place:])
            assert (
                before < MIN_WORDS
                or run[place - 1].is_title
                or (not run[place].begins and before + run[place].words <= MAX_WORDS)
                or (run is runs[-1] and rest < TITLE_WORDS)
            )
    for run, following in itertools.pairwise(runs):
        assert sum(block.words for block in run) >= MIN_WORDS
        assert following[0].begins or not run[-1].is_title


def test_a_list_that_is_cut_counts_on() -> None:
    items = [Block("<li>x</li>", LONG, items_of=("ol", 1))] * 6
    first, second = _make(*items)
    assert first.html.startswith("<ol><li>")
    assert first.html.count("<li>") == 5
    assert second.html == '<ol start="6"><li>x</li></ol>'


def test_bullets_do_not_count() -> None:
    items = [Block("<li>x</li>", LONG, items_of=("ul", 1))] * 6
    assert _make(*items)[1].html == "<ul><li>x</li></ul>"


def test_each_footnote_ends_the_part_of_its_mark() -> None:
    first, second, third = _make(
        Block("<p>a</p>", LONG, marks=("footnote-1", "footnote-2")),
        Block("<h1>b</h1>", LONG, begins=True),
        Block("<h1>c</h1>", LONG, begins=True, marks=("endnote-1", "footnote-1")),
        _note("footnote-1", "Một"),
        _note("footnote-2", "Hai"),
        _note("endnote-1", "Ba"),
    )
    assert first.html == "<p>a</p>\n<ol><li>Một</li>\n<li>Hai</li></ol>"
    assert first.text.endswith("\nMột\nHai")
    assert first.words == MIN_WORDS + 2
    assert second.html == "<h1>b</h1>"
    assert third.html == '<h1>c</h1>\n<ol start="3"><li>Ba</li></ol>'


def test_a_footnote_without_a_mark_is_not_lost() -> None:
    _first, second = _make(
        Block("<p>a</p>", LONG), Block("<h1>b</h1>", LONG, begins=True), _note("footnote-1")
    )
    assert second.html == "<h1>b</h1>\n<ol><li>Ghi chú</li></ol>"
    assert [part.html for part in _make(_note("footnote-1"))] == ["<ol><li>Ghi chú</li></ol>"]


def test_nothing_gives_no_parts_and_too_much_is_refused() -> None:
    assert _make(Block('<img class="left-out">', "")) == []
    with pytest.raises(RenderFailed, match="too_large_inside"):
        list(make_parts([Block("", "abc"), Block("", "def")], Limits(chars=5)))


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("I. Tình hình", True),
        ("**Điều 3.** Phạm vi", True),
        ("1.2. Chi tiết", False),
        ("a) Đối tượng", False),
    ],
)
def test_sections_of_the_first_level_begin_parts(text: str, *, begins: bool) -> None:
    assert begins_section(text) is begins
