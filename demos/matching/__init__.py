"""The Matching tab: sentences find photos and photos find sentences."""

import functools
from collections.abc import Sequence
from typing import Any

import gradio as gr
import numpy as np

import core
from core.images import open_picture, opened
from core.weights import WeightsError
from core.words import checked, tokens
from demos import frame, pictures, plots
from demos.matching import pool, views
from demos.matching.pool import BEST, MOST_SENTENCES, MOST_UPLOADS, Photo
from demos.matching.words import DIAGRAM, EQUATION, FIRST_SENTENCE, PATH, lit
from demos.widgets import FilmStrip, PhotoFiles

TITLE, ID = "Matching", "matching"
MODES = [("A sentence finds photos", "find"), ("A photo finds sentences", "tell"), ("Everything at once", "matrix")]
FINDING, RANKING = {"mode": ["find"]}, {"mode": ["tell", "matrix"]}
MOST_PIXELS_TOGETHER = 64_000_000  # of the photos of one call
LISTED = 10  # bars of the chart of scores


# ------------------------------------------------------------------ from the controls to the stage


def show(
    mode: str, sentence: str = "", photo: str = BEST, own: str = "", uploads: Sequence[str] | None = None
) -> frame.Shown:
    """What the controls ask for: the film, the two charts, and a sentence."""
    values = dict(mode=mode, sentence=sentence, photo=photo)
    if not uploads and (recorded := frame.recording("matching-find", values)):
        return staged(recorded)
    photos = pool.pool(uploads)
    if mode == "matrix":
        return everything(photos, own)
    return staged(found(photos, sentence, photo) if mode == "find" else told(photos, photo, own))


def staged(film: dict[str, Any]) -> frame.Shown:
    """A film that carries what its charts and its sentence say, for a recording has no more than the film."""
    scores, words = views.scores_chart(**film["scores"]), views.words_chart(**film["words"])
    note = frame.Note(film["doubt"], at="sentence") if film["doubt"] else None
    return frame.Shown([film, scores, words], film["said"], note)


def record() -> None:
    """Write the film that is there on arrival; for `python -m demos.first_sight`."""
    values = dict(mode="find", sentence=FIRST_SENTENCE, photo=BEST)
    frame.record("matching-find", values, found(pool.ours(), FIRST_SENTENCE, BEST))


def found(photos: list[Photo], sentence: str, choice: str) -> dict[str, Any]:
    """Photos in the order in which a sentence fits them."""
    unknown = pool.readable(sentence)
    parts, order = ranked(photos, sentence)
    best, parts = [photos[i] for i in order], parts[:, order]
    looked = chosen(photos, choice) or best[0]
    panes = [
        views.sheet_pane("Fits best, row by row", best[: views.SHOWN], views.COLUMNS, views.CELL),
        plots.pane(f"Where it looks: {looked.name}", views.looked_at(looked), large=True, photo=True),
    ]
    S = parts.sum(0)
    said = f"“{views.shortened(sentence.strip(), 60)}” fits {best[0].name} best (S = {S[0]:.0f}), "
    said += f"then {best[1].name} ({S[1]:.0f}) and {best[2].name} ({S[2]:.0f})."
    names = [photo.name for photo in best]
    scores = views.scores("The photos that fit best", names, parts, LISTED)
    return views.film(panes, looked, sentence) | dict(said=said, scores=scores, doubt=doubt(unknown))


def told(photos: list[Photo], choice: str, own: str) -> dict[str, Any]:
    """Sentences in the order in which they fit a photo."""
    looked = chosen(photos, choice) or photos[0]
    lines = list(dict.fromkeys(pool.own_sentences(own) + pool.sentences()))
    parts = pool.scores([looked], lines)[:, 0]
    order = np.argsort(-parts.sum(0))
    best, parts = [lines[j] for j in order], parts[:, order]
    panes = [
        plots.pane(f"Where it looks: {looked.name}", views.looked_at(looked), large=True, photo=True),
        views.sheet_pane("The pool", photos, views.POOL_COLUMNS, views.POOL_CELL),
    ]
    S = parts.sum(0)
    said = f"For {looked.name}: “{views.shortened(best[0], 70)}” (S = {S[0]:.0f}), "
    said += f"then “{views.shortened(best[1], 70)}” ({S[1]:.0f})."
    scores = views.scores("The sentences that fit best", best, parts, LISTED)
    return views.film(panes, looked, best[0]) | dict(said=said, scores=scores, doubt="")


def everything(photos: list[Photo], own: str) -> frame.Shown:
    """The similarity matrix of the pool and all sentences, and a film that goes through these."""
    lines = list(dict.fromkeys(pool.own_sentences(own) + pool.sentences()))
    S = pool.scores(photos, lines).sum(0)
    place = {line: j for j, line in enumerate(lines)}
    ours = [(len(photos) - len(pool.shipped()) + i, place[one]) for i, one in enumerate(pool.sentences())]
    first = sum(S[i].argmax() == j for i, j in ours)
    ten = sum((S[i] > S[i, j]).sum() < 10 for i, j in ours)
    best = S.argmax(0).tolist()
    own_photo = {j: i for i, j in ours}
    panes = [views.sheet_pane("The pool", photos, views.POOL_COLUMNS, views.POOL_CELL, best)]
    captions = [column(line, photos[best[j]].name, S[:, j], own_photo.get(j)) for j, line in enumerate(lines)]
    said = f"Of our {len(ours)} photos, {first} put their own sentence first among {len(lines)}, "
    said += f"and {ten} among the first ten."
    chart = views.matrix_chart([photo.name for photo in photos], lines, S)
    at_work = {part: strengths * len(lines) for part, strengths in lit(2, last=True).items()}
    film = plots.film(len(lines), panes, captions=captions, pace=plots.READ) | {"lit": at_work}
    return frame.Shown([film, chart, gr.skip()], said)


def column(sentence: str, best: str, S: np.ndarray, own: int | None) -> str:
    """A sentence of the matrix: the photo that it fits best, and where its own photo comes. S: of each photo."""
    said = f"“{views.shortened(sentence, 60)}” fits {best} best (S = {S.max():.0f})"
    if own is None:
        return f"{said}."
    place = 1 + int((S[own] < S).sum())
    return f"{said}, which is its own photo." if place == 1 else f"{said}; its own photo is number {place}."


def doubt(unknown: list[str]) -> str:
    """What to say about words that the network never met; nothing where there are none."""
    if not unknown:
        return ""
    listed = ", ".join(f"“{views.shortened(word, 30)}”" for word in unknown[:8]) + (", …" if len(unknown) > 8 else "")
    return f"Not in its vocabulary, so read as unknown: {listed}."


def ranked(photos: Sequence[Photo], sentence: str) -> tuple[np.ndarray, np.ndarray]:
    """The steps' parts of S (K + 1, photos), and the photos' order, the best first."""
    parts = pool.scores(photos, [sentence])[:, :, 0]
    return parts, np.argsort(-parts.sum(0))


def chosen(photos: Sequence[Photo], choice: str) -> Photo | None:
    """The photo of that name; None for the best one. A Note where there is none."""
    if choice == BEST:
        return None
    for photo in photos:
        if photo.name == choice:
            return photo
    raise frame.Note(f"There is no photo “{str(choice)[:40]}” in the pool; choose one, or add yours again.", at="photo")


# ------------------------------------------------------------------ what clicks and uploads set


def take(event: Any, mode: str, sentence: str = "", uploads: Sequence[str] | None = None, **_: Any) -> dict[str, Any]:
    """A click on a photo of a sheet: look at that one."""
    photos, place = pool.pool(uploads), None
    if mode == "find" and event.pane == 0:
        place = event.row * views.COLUMNS + event.column
        photos = [photos[i] for i in ranked(photos, sentence)[1]][: views.SHOWN]
    elif mode != "find":
        place = event.row * views.POOL_COLUMNS + event.column
    if place is None or place >= len(photos):
        return {}
    return {"photo": photos[place].name} | ({"mode": "tell"} if mode == "matrix" else {})


def added(event: Any, mode: str, uploads: Sequence[str] | None = None, **_: Any) -> dict[str, Any]:
    """New photos of the visitor's: the last one is asked about, where one photo is."""
    if mode != "tell":
        return {"photo": BEST}
    return {"photo": f"your photo {len(uploads)}" if uploads else pool.ours()[0].name}


def another(**_: Any) -> dict[str, str]:
    """Another of our sentences."""
    lines = pool.sentences()
    return {"sentence": lines[int(frame.new_seed()["seed"]) % len(lines)], "photo": BEST}


def asked(event: Any, **_: Any) -> dict[str, str]:
    """A new sentence: its best photo is looked at again."""
    return {"photo": BEST}


# ------------------------------------------------------------------ the page


def build(tabs: gr.Tabs | None = None) -> frame.Page:
    """The tab."""
    with frame.page(ID, TITLE, PATH) as page:
        with page.stage():
            strip = FilmStrip(elem_id="matching-film", label="Matching, step by step")
            page.tools(strip)
        with page.side():
            mode = gr.Radio(MODES, value="find", label="What do you want to do?")
            page.control("mode", mode)
            about = "In English; Enter searches"
            box = gr.Textbox(FIRST_SENTENCE, label="Sentence", info=about, max_lines=3, lines=1)
            page.control("sentence", box, when=FINDING, acts=False, caption=True)
            with page.only("another", FINDING):
                page.another = gr.Button("Another sentence", elem_id="matching-another", elem_classes="main-action")
            names = [row["name"] for row in pool.shipped()]
            choices = [("the one that fits best", BEST), *((name, name) for name in names)]
            choice = gr.Dropdown(
                choices, value=BEST, label="Photo to inspect", info="Or click one on the sheet",
                allow_custom_value=True,
            )  # fmt: skip
            page.control("photo", choice, when={"mode": ["find", "tell"]})
            own = gr.Textbox("", label="Your sentences, one per line", lines=3, max_lines=8,
                             info=f"At most {MOST_SENTENCES}, ranked beside ours")  # fmt: skip
            page.control("own", own, when=RANKING, caption=False)
            with page.only("rank", RANKING):  # in a box of several lines, Enter begins another
                page.rank = gr.Button("Rank my sentences", elem_id="matching-rank", elem_classes="main-action")
            files = PhotoFiles(
                label=f"Your photos: up to {MOST_UPLOADS}; only you see them", file_count="multiple",
                file_types=["image"], height=150,
            )  # fmt: skip
            page.control("uploads", files, link=False, acts=False, caption=False)
        with page.below():
            frame.equation(EQUATION)
            with gr.Row():
                chart = page.chart("scores")
                words = page.chart("words", when={"mode": ["find", "tell"]})
            page.diagram(DIAGRAM)
            page.history([("m-DAN", pool.MODEL)])
            page.lesson(measured())
        page.press(page.another, another, ["sentence", "photo"])
        page.press(page.rank, lambda **_: {}, [])
        page.act(show, [strip, chart, words])
        page.set_by(box.submit, asked, ["photo"])
        page.set_by(functools.partial(gr.on, [files.upload, files.delete, files.clear]), added, ["photo"])
        page.set_by(strip.click, take, ["photo", "mode"])
    gr.api(frame.sentences(match_text_to_images), api_name="match_text_to_images", **frame.MODEL)
    gr.api(frame.sentences(match_image_to_texts), api_name="match_image_to_texts", **frame.MODEL)
    return page


def measured() -> str:
    """R@k of the shipped weights, as a table of the lesson."""
    try:
        metrics = core.card(pool.MODEL)["metrics"]
        lines = [f"| on {metrics['n']:,} held-out photos | R@1 | R@5 | R@10 |", "|---|---:|---:|---:|"]
        for way in ("photo to sentence", "sentence to photo"):
            cells = " | ".join(f"{metrics[f'R@{k}, {way}']:.1f}%" for k in (1, 5, 10))
            lines.append(f"| {way} | {cells} |")
    except (KeyError, WeightsError):  # a KeyError: trained, and not measured yet, or not all of it
        return ""
    return "\n".join(lines)


# ------------------------------------------------------------------ the API


def match_text_to_images(sentence: str, images: list[str] | None = None) -> dict[str, Any]:
    """Photos in the order in which a sentence fits them. images: data URLs, at most 60; without any the app's own."""
    checked(sentence)
    photos = sent_together(bounded(images, MOST_UPLOADS)) if images else pool.ours()
    parts, order = ranked(photos, sentence)
    return {
        "ranked": [{"photo": photos[i].name, "place": int(i), "S": round(float(parts[:, i].sum()), 3)} for i in order],
        "words": attention(pool.read(sentence), tokens(sentence)),
        "unknown": core.load(pool.MODEL).vocabulary.unknown(tokens(sentence)),
    }


def match_image_to_texts(image: str, sentences: list[str] | None = None) -> dict[str, Any]:
    """Sentences in the order in which they fit a photo, a data URL or the name of one of the app's photos."""
    lines = bounded(sentences, MOST_SENTENCES) if sentences else pool.sentences()
    photo = next((photo for photo in pool.ours() if photo.name == image), None) or sent(image, 1)
    parts = pool.scores([photo], lines)[:, 0]
    order = np.argsort(-parts.sum(0))
    return {
        "ranked": [{"sentence": lines[j], "S": round(float(parts[:, j].sum()), 3)} for j in order],
        "parts": [photo.attention(k).tolist() for k in range(1, len(photo.steps))],
    }


def bounded(values: Any, most: int) -> list[Any]:
    if not isinstance(values, list) or len(values) > most:
        raise ValueError(
            f"a list of at most {most} was expected, got {len(values) if isinstance(values, list) else 'none'}"
        )
    return values


def sent_together(images: list[Any]) -> list[Photo]:
    """Photos from data URLs. ValueError where they have more pixels than a call may read."""
    if sum(map(announced, images)) > MOST_PIXELS_TOGETHER:
        raise ValueError(f"the photos have more than {MOST_PIXELS_TOGETHER:,} pixels together; make them smaller")
    return [sent(image, k) for k, image in enumerate(images, 1)]


def announced(image: Any) -> int:
    """How many pixels a data URL's first bytes announce; 0 where they are no picture's, which `sent` says."""
    try:
        width, height = opened(pictures.decoded(image)).size
    except Exception:  # Pillow has a dozen kinds of them for damaged files
        return 0
    return width * height


def sent(image: Any, k: int) -> Photo:
    """A photo from a data URL."""
    try:
        return pool.seen(f"photo {k}", open_picture(pictures.decoded(image)))
    except ValueError as problem:
        raise ValueError(str(problem).replace("the sketch", "the photo")) from None


def attention(read: Sequence[Any], words: list[str]) -> list[list[list[Any]]]:
    """[[word, share], ...] of each step."""
    return [[[w, round(a, 4)] for w, a in zip(words, step.alpha[0].tolist(), strict=True)] for step in read[1:]]
