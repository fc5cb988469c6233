"""Comments on cells: who may say, change, mark and delete what, and what outlives what."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datalab.errors import CommentRefused, TooManyComments, UnknownComment
from datalab.projects.comments import EDITABLE_SECONDS, LONGEST, PER_MINUTE, Comments

NOW = 1_800_000_000.0


@pytest.fixture
def comments(tmp_path: Path) -> Comments:
    return Comments(tmp_path / "records" / "comments.sqlite")


def said(comments: Comments, text: str = "Pourquoi ?", **more: object) -> str:
    facts = {"author": "claire", "role": "viewer", "notebook": "a.ipynb", "cell": "c1"} | more
    return comments.add(NOW, text=text, **facts).id  # type: ignore[arg-type]


def test_a_comment_is_there_after_everything_started_again(comments: Comments) -> None:
    said(comments)
    (found,) = Comments(comments.path).about("a.ipynb")
    assert (found.author, found.text, found.state, found.cell) == (
        "claire",
        "Pourquoi ?",
        "open",
        "c1",
    )
    assert comments.about("b.ipynb") == []
    assert comments.waiting() == {"a.ipynb": 1}
    assert os.stat(comments.path).st_mode & 0o777 == 0o600


def test_the_answer_of_who_edits_answers_and_that_of_a_reader_does_not(comments: Comments) -> None:
    first = said(comments)
    said(comments, "Moi aussi", author="dora", parent=first)
    assert comments.about("a.ipynb")[0].state == "open"
    answer = said(comments, "Parce que.", author="samir", role="editor", parent=first)
    assert [c.state for c in comments.about("a.ipynb") if c.id == first] == ["answered"]
    # An answer to an answer stays in the same conversation, at the same cell.
    said(comments, "Merci", parent=answer, cell="elsewhere")
    assert {(c.parent, c.cell) for c in comments.about("a.ipynb") if c.id != first} == {
        (first, "c1")
    }
    assert comments.waiting() == {}


def test_authors_change_their_own_words_for_a_while(comments: Comments) -> None:
    mine = said(comments)
    assert comments.edit(NOW + 60, "claire", mine, "Combien ?").text == "Combien ?"
    with pytest.raises(CommentRefused):
        comments.edit(NOW + 60, "samir", mine, "Rien")
    with pytest.raises(CommentRefused):
        comments.edit(NOW + EDITABLE_SECONDS + 1, "claire", mine, "Trop tard")
    with pytest.raises(CommentRefused):
        comments.delete(NOW + EDITABLE_SECONDS + 1, "claire", "viewer", mine)
    comments.delete(NOW + EDITABLE_SECONDS + 1, "otto", "owner", mine)
    assert comments.about("a.ipynb") == []


def test_a_deleted_comment_leaves_its_answers_and_none_of_its_words(comments: Comments) -> None:
    first = said(comments, "un secret")
    said(comments, "réponse", author="samir", role="editor", parent=first)
    comments.delete(NOW + 1, "claire", "viewer", first)
    kept = comments.about("a.ipynb")
    assert [(c.deleted, c.text) for c in kept] == [(True, ""), (False, "réponse")]
    with pytest.raises(UnknownComment):
        comments.edit(NOW + 2, "claire", first, "de retour")
    with pytest.raises(UnknownComment):
        said(comments, parent=first)


def test_only_those_who_edit_mark(comments: Comments) -> None:
    first = said(comments)
    with pytest.raises(CommentRefused):
        comments.mark("viewer", first, "resolved")
    assert comments.mark("editor", first, "resolved").state == "resolved"
    assert comments.mark("owner", first, "open").state == "open"


@pytest.mark.parametrize("text", ["", "   \n ", "\u200b\u202e", "x" * (LONGEST + 1)])
def test_what_says_nothing_or_too_much_is_refused(comments: Comments, text: str) -> None:
    with pytest.raises(CommentRefused):
        said(comments, text)
    assert comments.about("a.ipynb") == []


def test_lines_and_emoji_stay_and_invisible_letters_go(comments: Comments) -> None:
    said(comments, "un\r\ndeux\u202e trois \U0001f468\u200d\U0001f469\u200d\U0001f467\x07")
    kept = comments.about("a.ipynb")[0].text
    assert kept == "un\ndeux trois \U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(("cell", "notebook"), [("", "a.ipynb"), ("x" * 65, "a.ipynb"), ("c", "")])
def test_a_comment_is_about_a_cell(comments: Comments, cell: str, notebook: str) -> None:
    with pytest.raises(CommentRefused):
        said(comments, cell=cell, notebook=notebook)


def test_an_answer_stays_in_its_notebook(comments: Comments) -> None:
    first = said(comments)
    with pytest.raises(UnknownComment):
        said(comments, notebook="b.ipynb", parent=first)
    with pytest.raises(UnknownComment):
        said(comments, parent="' OR 1=1 --")


def test_a_flood_ends_and_others_go_on(comments: Comments) -> None:
    for number in range(PER_MINUTE):
        said(comments, f"{number}")
    with pytest.raises(TooManyComments):
        said(comments)
    said(comments, author="dora")
    comments.add(NOW + 61, "claire", "viewer", "a.ipynb", "c1", "plus tard")
    assert len(comments.about("a.ipynb")) == PER_MINUTE + 2


def test_people_who_write_at_once_lose_nothing(comments: Comments) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: said(comments, f"{n}", author=f"person-{n}"), range(24)))
    assert sorted(int(c.text) for c in comments.about("a.ipynb")) == list(range(24))


def test_who_was_cut_off_learns_what_came_after(comments: Comments) -> None:
    assert comments.last() == 0
    first = said(comments)
    seen = comments.last()
    assert not comments.changed("a.ipynb", seen)
    comments.mark("owner", first, "resolved")
    assert comments.changed("a.ipynb", seen)
    assert not comments.changed("b.ipynb", seen)
