"""The VQA tab as a visitor meets it: asking, looking, comparing, choosing, judging, and the page in Chromium."""

import base64
import io
import json
from typing import Any

import gradio as gr
import pytest
import torch
import torch.nn.functional as F
from gradio.data_classes import ImageData
from PIL import Image

import app
import core
from core.vqa import TITLES, metric
from core.weights import WeightsError
from demos import frame, plots, vqa
from demos.vqa import asking, path, views
from demos.widgets import GONE, Camera
from tests.browser import open_page
from tests.films import frames_of
from tests.test_frame import open_tab, query, rested


def show(**values: Any) -> Any:
    """What the page shows for its first values and these."""
    page = app.pages["vqa"]
    return page.tried(page.show, page.defaults() | values)


def as_file(photo: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    with io.BytesIO() as out:
        photo.save(out, kind, **options)
        return out.getvalue()


def as_url(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


PHOTO, QUESTION = path.FIRST["photo"], path.FIRST["question"]

# ------------------------------------------------------------------ what is shown


@pytest.mark.parametrize("method", TITLES)
def test_the_bars_are_the_five_best_answers_of_the_method_that_was_chosen(method: str):
    shown = show(mode="ask", method=method)
    found = core.load(asking.NAMES[method]).answer(asking.example(PHOTO), QUESTION)
    bars = shown.outputs[1].data[0]
    at = dict(zip(bars.y, bars.x, strict=True))
    assert [at[answer] for answer, _ in found] == pytest.approx([100 * p for _, p in found])
    assert shown.said.startswith(f"{TITLES[method]}: {found[0][0]}, {found[0][1]:.0%} sure.")
    assert ("Without the photo" in shown.said) == (method in asking.BLIND)


def test_every_method_stands_in_the_table_with_its_own_answer():
    shown = show(mode="all")
    rows = {row[0]: row for row in shown.outputs[2]["data"]}
    assert list(rows) == list(TITLES.values())
    for key, title in TITLES.items():
        assert rows[title][1] == asking.answers(key, asking.example(PHOTO), QUESTION)[0][0]
        assert rows[title][4] == f"{core.card(asking.NAMES[key])['metrics']['accuracy']:.1f}%"


def test_the_film_is_bright_where_r_dan_looks_and_has_the_words_weights():
    film = show(mode="looks").outputs[0]
    visual, textual, words = asking.looks(asking.example(PHOTO), QUESTION)
    assert visual.flatten(1).sum(1) == pytest.approx(1, abs=1e-4)
    assert textual.sum(1) == pytest.approx(1, abs=1e-4)
    assert film["frames"] == 1 + len(visual)
    plain, *lit = frames_of(film["panes"][0]).astype(float)
    for k, bright in enumerate(lit):
        share = torch.from_numpy((bright + 1) / (plain + 1)).mean(-1)  # of three colours
        mean = F.adaptive_avg_pool2d(share[None], visual[k].shape)
        assert visual[k].flatten()[mean.argmax()] >= 0.5 * visual[k].max()
    for t, word in enumerate(words):
        assert film["readouts"][t]["label"] == f"“{word}”"
        assert film["readouts"][t]["values"][1:] == pytest.approx((100 * textual[:, t]).tolist(), abs=0.01)


def test_a_question_is_read_word_by_word():
    photo, question = asking.example(PHOTO), "zxq what is the man doing?"
    film = show(mode="ask", question=question, method="lstm-q-i").outputs[0]
    assert film["frames"] == 6
    assert film["captions"][0] == "“zxq” – no word that it knows yet"
    model = core.load("vqa-lstm-q-i")
    for k, read in enumerate(["zxq what", "zxq what is", "zxq what is the", "zxq what is the man", question], 1):
        p = dict(model.answer(photo, read, len(model.answers)))
        best = max(p, key=p.__getitem__)
        so_far = read.rstrip("?")
        assert film["captions"][k] == f"“{so_far}” – {best}, {p[best]:.0%} sure"
        for each in film["readouts"]:
            assert each["values"][k] == pytest.approx(100 * p[each["label"]], abs=0.001)
    assert [each["label"] for each in film["readouts"]] == [answer for answer, _ in model.answer(photo, question, 3)]
    assert show(mode="ask", method="prior").outputs[0]["frames"] == 1, "it reads nothing"
    long = "what is the colour of the dog - that runs over the grass near the man in a red shirt ?"
    film = show(mode="ask", question=long, method="lstm-q").outputs[0]
    assert film["frames"] <= 13
    (best, p), *_ = asking.answers("lstm-q", photo, long)
    assert film["captions"][-1] == f"“{long[:-2]}” – {best}, {p:.0%} sure"
    shares = show(mode="choice", question=question, method="lstm-q-i", options="red, 2").outputs[0]["readouts"]
    assert [sum(values) for values in zip(*(each["values"] for each in shares), strict=True)][1:] == pytest.approx(
        [100] * 5, abs=0.01
    )


def test_the_methods_that_read_vote_after_each_word(monkeypatch: pytest.MonkeyPatch):
    says = {"rdan": "a", "bow-q": "b", "lstm-q": "b"}

    def answers(method: str, photo: Any, question: str) -> list[tuple[str, float]]:
        if method not in says:
            raise WeightsError("missing")
        return [(says[method] if question == "what is it" else method, 1.0)]

    monkeypatch.setattr(asking, "answers", answers)
    film = vqa.vote_by_vote(asking.example(PHOTO), "what is it")
    none = "no two of the 3 networks that read it agree"
    assert film["captions"] == [
        f"“what” – {none}", f"“what is” – {none}", "“what is it” – 2 of the 3 networks that read it say b",
    ]  # fmt: skip
    says["bow-q-i"] = "a"
    assert vqa.vote_by_vote(asking.example(PHOTO), "what is it")["captions"][-1].endswith("say b, 2 a")
    for key in list(says)[1:]:
        del says[key]
    assert vqa.vote_by_vote(asking.example(PHOTO), "what is it")["captions"][-1].endswith("here says a")
    says.clear()
    assert vqa.vote_by_vote(asking.example(PHOTO), "what is it")["frames"] == 1


def test_options_share_what_the_method_gives_them_and_strange_ones_are_named():
    shown = show(mode="choice", options="Red, two, a zeppelin", method="lstm-q-i")
    model = core.load("vqa-lstm-q-i")
    p = dict(model.answer(asking.example(PHOTO), QUESTION, len(model.answers)))
    bars = shown.outputs[1].data[0]
    total = p["red"] + p["2"]
    assert dict(zip(bars.y, bars.x, strict=True)) == pytest.approx(
        {"Red": 100 * p["red"] / total, "two": 100 * p["2"] / total}
    )
    assert "Not among its answers: a zeppelin." in shown.said
    twice = show(mode="choice", options="Red, two, the two, a zeppelin, 2", method="lstm-q-i")
    assert (twice.said, twice.outputs[1].data[0].x) == (shown.said, bars.x)  # the same answer in other words
    assert show(mode="choice", options="zeppelin").at == "options"
    assert show(mode="choice", options=", ".join("abcdefghijklmnopqrs")).at == "options"


def test_ten_people_make_a_consensus_that_answers_are_worth():
    people = ["brown"] * 2 + ["tan"] * 7 + ["a dog"]
    shown = show(mode="people", people=", ".join(people))
    bars = shown.outputs[1].data[0]
    assert dict(zip(bars.y, bars.x, strict=True)) == pytest.approx({"tan": 100, "brown": 60, "dog": 30}, abs=1e-6)
    for _, first, _, _, worth in shown.outputs[2]["data"]:
        assert worth == f"{100 * metric.score(first, people):.0f}%"
    assert show(mode="people", people="brown").at == "people"


def test_words_and_kinds_that_were_never_learned_are_named():
    assert "“zeppelin”" in str(show(question="is there a zeppelin?").note)
    assert "guess" in str(show(question="why is it a dog?").note)
    assert show(question="is there a dog?").note is None


def test_a_chip_and_a_photo_bring_their_questions():
    for name, text in path.ASKED.items():
        assert name in asking.examples()
        assert asking.example(name).size
        core.load("vqa-type").check(text)


# ------------------------------------------------------------------ bad input

BIG = Image.new("L", (8000, 5000))
TURNED = Image.new("RGB", (40, 20), "red")


@pytest.mark.parametrize(
    ("upload", "said"),
    [
        (None, "choose a photo"),
        (b"", "choose a photo"),
        (GONE, "deleted after an hour"),
        (b"no picture", "damaged or not a picture"),
        (as_file(BIG), "40,000,000 pixels"),
        (as_file(TURNED, "GIF", save_all=True, append_images=[TURNED.rotate(90)]), "is a gif"),
    ],
)
def test_a_photo_that_cannot_be_read_gets_a_sentence_at_its_button(upload: bytes | None, said: str):
    note = show(source="upload", upload=upload)
    assert isinstance(note, frame.Note)
    assert (note.at, said in str(note).lower()) == ("upload", True)


def test_a_picture_of_the_camera_is_opened_as_uploads_are():
    camera = next(part for part in app.demo.blocks.values() if isinstance(part, Camera))
    sent = [camera.preprocess(ImageData(url=plots.as_url(as_file(part), "png"))) for part in (TURNED, BIG)]
    film = show(mode="ask", source="camera", camera=sent[0]).outputs[0]
    assert film["panes"][0]["width"] == 2 * film["panes"][0]["height"]
    for camera_has, said in [
        (sent[1], "40,000,000 pixels"),
        (camera.preprocess(ImageData(url="data:image/png;base64,?")), "damaged or not a picture"),
        (camera.preprocess(ImageData(path="/no/such/file")), "deleted after an hour"),
        (camera.preprocess(None), "take a photo first"),
    ]:
        note = show(source="camera", camera=camera_has)
        assert (note.at, said in str(note).lower()) == ("camera", True), str(note)


def test_a_missing_method_leaves_the_others_alone(monkeypatch: pytest.MonkeyPatch):
    def load(name: str) -> Any:
        if name == asking.NAMES["type"]:
            raise WeightsError("gone")
        return kept(name)

    kept = core.load
    monkeypatch.setattr(core, "load", load)
    shown = show(mode="ask", question="what is the dog doing?", method="lstm-q-i")
    assert shown.said.startswith(TITLES["lstm-q-i"])
    assert show(question="<b></b>").at == "question"


def test_a_photo_is_turned_as_its_camera_was_held():
    turned = Image.Exif()
    turned[0x0112] = 6
    film = show(mode="ask", source="upload", upload=as_file(TURNED, "JPEG", exif=turned)).outputs[0]
    assert (film["panes"][0]["width"], film["panes"][0]["height"]) == (views.SIDE // 2, views.SIDE)


@pytest.mark.parametrize("question", ["", "dog " * 2500, "개가 있어요?", "🐶", "<b></b>", "zebra"])
def test_a_question_that_cannot_be_read_gets_a_sentence_beside_it(question: str):
    note = show(question=question)
    assert isinstance(note, frame.Note)
    assert note.at == "question"
    assert show(question=QUESTION).said  # and the next one works


def test_the_api_answers_and_compares():
    found = asking.answer(PHOTO, QUESTION, "rdan")
    assert [text for text, _ in found["answers"]] == [
        text for text, _ in asking.answers("rdan", asking.example(PHOTO), QUESTION)
    ]
    url = as_url(as_file(asking.example(PHOTO)))
    assert asking.answer(url, QUESTION, "rdan")["answers"][0][0] == found["answers"][0][0]
    assert {key: each["title"] for key, each in asking.compare(PHOTO, QUESTION).items()} == TITLES
    json.dumps([found, asking.compare(PHOTO, QUESTION)])
    bad = [
        dict(photo="nobody"),
        dict(photo=""),
        dict(method="vgg"),
        dict(question=""),
        dict(options="," * 9),
        dict(photo=3),
    ]
    for wrong in bad:
        with pytest.raises(gr.Error):
            frame.sentences(asking.answer)(**dict(photo=PHOTO, question=QUESTION) | wrong)


# ------------------------------------------------------------------ in the browser


@pytest.mark.browser
def test_a_question_is_asked_and_html_in_it_is_only_text(url: str):
    with open_page(url, reduced_motion=True) as page:
        open_tab(page, "vqa")
        page.locator("#vqa-film canvas").first.wait_for(timeout=60_000)
        box = page.locator("#vqa-question textarea, #vqa-question input").first
        box.fill("is there a dog <img src=x onerror=alert(1)>?")
        page.locator("#vqa-ask").click()
        page.wait_for_function("location.search.includes('onerror')", timeout=60_000)
        rested(page, "vqa")
        assert page.locator("#vqa-page img[src='x']").count() == 0
        assert "do not know" in page.locator("#vqa-page .note:not([hidden])").first.inner_text()
        box.fill("is there a dog?")
        box.press("Enter")
        page.wait_for_function("!location.search.includes('onerror')", timeout=60_000)
        rested(page, "vqa")
        assert query(page)["question"] == "is there a dog?"


@pytest.mark.browser
def test_a_question_that_was_clicked_can_be_clicked_again(url: str):
    with open_page(url, reduced_motion=True) as page:
        open_tab(page, "vqa")
        page.locator("#vqa-film canvas").first.wait_for(timeout=60_000)
        chip = next(text for text in path.CHIPS if text not in path.ASKED.values())
        for other in [name for name, text in path.ASKED.items() if text != QUESTION][:2]:
            page.locator("#vqa-chips label", has_text=chip).click()
            page.wait_for_function("text => new URLSearchParams(location.search).get('question') === text", arg=chip)
            rested(page, "vqa")
            page.locator(f"#vqa-photo input[value='{other}']").check(force=True)
            page.wait_for_function("name => location.search.includes('photo=' + name)", arg=other, timeout=60_000)
            rested(page, "vqa")


@pytest.mark.browser
def test_all_methods_show_a_table_and_a_photo_brings_its_question(url: str):
    with open_page(url, width=390, height=844, reduced_motion=True) as page:
        open_tab(page, "vqa")
        page.locator("#vqa-mode input[value='all']").check()
        page.wait_for_function("location.search.includes('mode=all')", timeout=60_000)
        rested(page, "vqa")
        assert "r-DAN" in page.locator("#vqa-table").inner_text()
        other = next(name for name, text in path.ASKED.items() if text != QUESTION)
        page.locator(f"#vqa-photo input[value='{other}']").check(force=True)
        page.wait_for_function("name => location.search.includes('photo=' + name)", arg=other, timeout=60_000)
        rested(page, "vqa")
        assert query(page)["question"] == path.ASKED[other]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
