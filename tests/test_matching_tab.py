"""The Matching tab as a visitor meets it: sentences and photos, bad input, the API, and the page in Chromium."""

import base64
import io
import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

import app
import core
from core.images import open_picture
from demos import frame, matching, pictures
from demos.matching import pool, views
from tests.browser import open_page
from tests.films import as_url
from tests.test_frame import open_tab, query, rested

DOG = "A brown and white dog looks into the camera."


def show(**values: Any) -> Any:
    """What the page shows for its first values and these."""
    page = app.pages["matching"]
    return page.tried(page.show, page.defaults() | values)


def similarity(sentences: list[str]) -> np.ndarray:
    """Of the app's photos, straight from the model: (photos, sentences)."""
    rows = pool.shipped()
    files = [open_picture(pictures.EXAMPLES / "photos" / row["file"]) for row in rows]
    return core.load("mdan").similarity(files, sentences)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Three uploads: a red one, a wide one, one that a camera took on its side."""
    made = []
    for k, (size, colour) in enumerate([((80, 80), "red"), ((400, 60), "green"), ((60, 90), "blue")]):
        picture = Image.new("RGB", size, colour)
        exif = picture.getexif()
        exif[0x0112] = 6 if k == 2 else 1
        made.append(str(tmp_path / f"{k}.jpg"))
        picture.save(made[-1], exif=exif)
    return made


# ------------------------------------------------------------------ what is shown


def test_a_sentence_ranks_the_photos_as_the_model_does():
    film = matching.found(pool.ours(), DOG, "best")
    S = similarity([DOG])[:, 0]
    names = [row["name"] for row in pool.shipped()]
    expected = [names[i] for i in np.argsort(-S)[: matching.LISTED]]
    assert film["scores"]["names"] == expected
    assert np.sum(film["scores"]["parts"], 0) == pytest.approx(np.sort(S)[::-1][: matching.LISTED], abs=0.2)
    assert f"fits {expected[0]} best" in film["said"]
    assert film["panes"][1]["title"] == f"Where it looks: {expected[0]}"
    json.dumps(film)


def test_a_photo_ranks_our_sentences_and_the_visitors():
    lines = pool.sentences()
    film = matching.told(pool.ours(), "a surfer", "A man on a surfboard\n\n" + lines[3])
    S = similarity(["A man on a surfboard", *lines])[0]
    every = ["A man on a surfboard", *lines]
    assert sorted(film["scores"]["names"]) == sorted(every[j] for j in np.argsort(-S)[: matching.LISTED])
    assert film["said"].startswith("For a surfer: ")


def test_attention_is_drawn_where_the_model_looks_and_sums_to_one():
    photo = pool.ours()[0]
    frames = views.looked_at(photo)
    assert len(frames) == len(photo.steps) == 3
    for k in (1, 2):
        alpha = photo.attention(k)
        assert alpha.sum().item() == pytest.approx(1, abs=1e-4)
        row, column = divmod(int(alpha.argmax()), photo.grid[1])
        h, w = frames.shape[2] / photo.grid[0], frames.shape[3] / photo.grid[1]
        kept = frames[k].sum(0) / frames[0].sum(0).clamp(min=0.05)
        cell = kept[int(row * h) : int((row + 1) * h), int(column * w) : int((column + 1) * w)]
        assert cell.median() > kept.median()
    words = show(sentence="A dog on the grass").outputs[2]
    assert [sum(bar.y) for bar in words.data] == pytest.approx([1, 1], abs=1e-3)


def test_the_matrix_has_every_photo_and_sentence():
    film, chart, _ = show(mode="matrix", own="A man").outputs
    S = similarity(["A man", *pool.sentences()])
    assert np.array(chart.data[0].z) == pytest.approx(S, abs=0.1)
    assert film["panes"][0]["cells"] == [8, math.ceil(len(S) / 8)]
    # The film goes through the sentences, as the line in the chart does, and marks the photo that each fits best.
    assert film["frames"] == len(chart.layout.meta["steps"]) == len(S[0])
    side, (marked,) = film["panes"][0]["width"] / 8, film["panes"][0]["marks"]
    places = [int(y // side) * 8 + int(x // side) for x, y, *_ in marked["windows"]]
    assert places == S.argmax(0).tolist()
    own = [1 + int((S[:, j] > S[j - 1, j]).sum()) for j in range(1, len(S[0]))]
    said = ["which is its own photo." if place == 1 else f"its own photo is number {place}." for place in own]
    assert all(caption.endswith(words) for caption, words in zip(film["captions"][1:], said, strict=True))
    assert "own photo" not in film["captions"][0]


def test_uploads_come_first_upright_and_each_has_its_own_name(files: list[str]):
    yours = pool.uploaded(files)
    assert [photo.name for photo in yours] == ["your photo 1", "your photo 2", "your photo 3"]
    assert yours[2].picture.size == (90, 60)
    assert yours[1].picture.width == pool.SIDE
    assert pool.uploaded(files[1:])[0].name == "your photo 1"
    assert "For your photo 2: " in show(mode="tell", photo="your photo 2", uploads=files).said
    assert "no photo “your photo 2”" in str(show(mode="tell", photo="your photo 2"))


def test_a_click_on_a_sheet_looks_at_that_photo(files: list[str]):
    S = similarity([DOG])[:, 0]
    sixth = pool.shipped()[int(np.argsort(-S)[5])]["name"]
    click = SimpleNamespace(pane=0, row=1, column=1)
    assert matching.take(click, mode="find", sentence=DOG) == {"photo": sixth}
    click = SimpleNamespace(pane=1, row=0, column=1)
    assert matching.take(click, mode="tell", uploads=files) == {"photo": "your photo 2"}
    assert matching.take(click, mode="matrix", uploads=files) == {"photo": "your photo 2", "mode": "tell"}
    assert matching.take(SimpleNamespace(pane=1, row=9, column=7), mode="tell") == {}
    assert matching.added(None, mode="tell", uploads=files) == {"photo": "your photo 3"}


def test_a_pool_is_looked_at_once(files: list[str], monkeypatch: pytest.MonkeyPatch):
    pool.pool(files)
    monkeypatch.setattr(pool, "seen", lambda *_: pytest.fail("looked again"))
    assert len(pool.pool(files)) == 3 + len(pool.shipped())


# ------------------------------------------------------------------ bad input


SENTENCES = {
    "empty": ("", "no word"),
    "blank": (" \n ", "no word"),
    "emoji": ("🐶🐶", "no word"),
    "long": ("dog " * 2_500, "10,000 characters"),
    "Korean": ("개가 풀밭을 달린다", "개가"),
    "unknown": ("quixotic zeugma", "quixotic, zeugma"),
}


@pytest.mark.parametrize("what", SENTENCES)
def test_a_sentence_that_cannot_be_read_is_said_at_its_box_and_the_next_one_works(what: str):
    sentence, words = SENTENCES[what]
    note = show(sentence=sentence)
    assert (note.at, words in str(note)) == ("sentence", True)
    assert show(sentence=DOG).said
    wrong = show(mode="tell", photo="a surfer", own=f"A dog\n{sentence.strip() or '?'}")
    assert wrong.at == "own"


def test_words_that_are_not_known_are_named_and_html_is_text():
    shown = show(sentence="A quixotic dog <b>runs</b><img src=x onerror=alert(1)>")
    assert "“quixotic”" in str(shown.note)
    assert shown.note.at == "sentence"
    _, scores, words = show(mode="tell", photo="a cat looking up", own="a <b>dog</b> <a href='x'>cat</a>").outputs
    assert not any("<" in label for label in [*map(text_of, scores.layout.annotations), *words.layout.xaxis.ticktext])
    chart = views.scores_chart("", ["<b>dog</b>"], [[1.0]])
    assert text_of(chart.layout.annotations[0]) == "&lt;b&gt;dog&lt;/b&gt;"


def text_of(label: Any) -> str:
    return label.text


def test_a_photo_as_thin_as_a_line_lies_on_its_square():
    square = views.squared(Image.new("RGB", (2048, 3), "white"), 72)
    assert square.shape == (3, 72, 72)
    assert (square.mean(0) == 1).sum() == 72


def test_bad_uploads_get_one_sentence(tmp_path: Path, files: list[str]):
    broken, huge = tmp_path / "broken.jpg", tmp_path / "huge.png"
    broken.write_bytes(b"no picture")
    Image.new("1", (8000, 5000)).save(huge)
    for uploads, words in [
        (files[:1] * 200, "You added 200 photos; at most 60"),
        ([str(broken)], "broken.jpg: "),
        ([str(huge)], "40,000,000 pixels"),
        ([str(tmp_path / "gone.png")], "choose them again"),
    ]:
        note = show(uploads=uploads)
        assert (note.at, words in str(note)) == ("uploads", True), str(note)
    lines = show(mode="tell", photo="a surfer", own="A dog\n" * 50)
    assert "50 sentences came; at most 40" in str(lines)


# ------------------------------------------------------------------ the API


def url_of(name: str) -> str:
    return as_url(Image.open(pictures.EXAMPLES / "photos" / f"{name}.jpg"))


def test_the_api_ranks_photos_and_sentences():
    made = matching.match_text_to_images(DOG)
    S = similarity([DOG])[:, 0]
    assert [row["place"] for row in made["ranked"]] == np.argsort(-S).tolist()
    sent = matching.match_text_to_images("A zeugma of a dog", [url_of("puppy"), url_of("coins")])
    assert {row["photo"] for row in sent["ranked"]} == {"photo 1", "photo 2"}
    assert sent["unknown"] == ["zeugma"]
    told = matching.match_image_to_texts(url_of("surfer"), ["A surfer", "A dog"])
    assert {row["sentence"] for row in told["ranked"]} == {"A surfer", "A dog"}
    assert [sum(map(sum, step)) for step in told["parts"]] == pytest.approx([1, 1], abs=1e-3)
    assert len(matching.match_image_to_texts("a surfer")["ranked"]) == len(pool.sentences())
    json.dumps([made, sent, told])


PLAIN = io.BytesIO()
Image.new("1", (4000, 4000)).save(PLAIN, "PNG")
HUGE = "data:image/png;base64," + base64.b64encode(PLAIN.getvalue()).decode()


@pytest.mark.parametrize(
    ("call", "arguments", "words"),
    [
        ("match_text_to_images", ("", None), "no word"),
        ("match_text_to_images", ("a dog", ["x"] * 61), "at most 60"),
        ("match_text_to_images", ("a dog", [HUGE] * 5), "more than 64,000,000 pixels together"),
        ("match_text_to_images", ("a dog", ["x"]), "the photo came as"),
        ("match_image_to_texts", ("", None), "data URL"),
        ("match_image_to_texts", ("a surfer", [5]), "a sentence was expected"),
        ("match_image_to_texts", ("a surfer", "a dog"), "a list"),
    ],
)
def test_bad_calls_get_one_sentence(call: str, arguments: tuple, words: str):
    with pytest.raises(gr.Error, match=f"(?i){words}"):
        frame.sentences(getattr(matching, call))(*arguments)


# ------------------------------------------------------------------ in the browser


@pytest.mark.browser
def test_a_sentence_then_a_photo_of_mine_then_a_bad_one(url: str, tmp_path: Path):
    content = io.BytesIO()
    Image.new("RGB", (90, 60), "orange").save(content, "PNG")
    with open_page(url, reduced_motion=True) as page:
        open_tab(page, "matching")
        box = page.locator("#matching-sentence textarea")
        box.fill("A <b>cat</b> looks up")
        box.press("Enter")
        page.wait_for_function("location.search.includes('cat')", timeout=60_000)
        rested(page, "matching")
        assert "“A <b>cat</b> looks up” fits" in page.locator("#matching-said .said").inner_text()
        page.locator("#matching-mode input[value='tell']").check()
        page.wait_for_function("location.search.includes('mode=tell')", timeout=60_000)
        mine = [{"name": "mine.png", "mimeType": "image/png", "buffer": content.getvalue()}]
        page.locator("#matching-uploads input[type=file]").set_input_files(mine)
        page.wait_for_function("location.search.includes('your+photo+1')", timeout=60_000)
        rested(page, "matching")
        assert "For your photo 1: " in page.locator("#matching-said .said").inner_text()
        page.locator("#matching-mode input[value='matrix']").check()
        page.locator("#matching-said").get_by_text(f"first among {len(pool.sentences())}").wait_for(timeout=60_000)
        page.locator("#matching-own textarea").fill("A square\nAn orange")
        page.locator("#matching-rank").click()
        page.locator("#matching-said").get_by_text(f"first among {len(pool.sentences()) + 2}").wait_for(timeout=60_000)
        page.locator("#matching-mode input[value='find']").check()
        page.wait_for_function("location.search.includes('mode=find')", timeout=60_000)
        box.fill("zeugma")
        box.press("Enter")
        page.get_by_text("none of these words is in the vocabulary: zeugma").wait_for(timeout=60_000)
        assert query(page)["tab"] == "matching"
