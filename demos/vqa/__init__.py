"""The VQA tab: ask about a photo, compare every method, see where r-DAN looks."""

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

import gradio as gr
from PIL import Image

import core
from core.images import open_picture
from core.vqa import TITLES, metric
from core.weights import WeightsError
from demos import frame, plots
from demos.vqa import asking, path, views
from demos.widgets import GONE, Camera, FilmStrip, PhotoButton

TITLE, ID = "VQA", "vqa"
MODES = [
    ("Ask about the photo", "ask"),
    ("Where r-DAN looks", "looks"),
    ("All methods at once", "all"),
    ("Multiple choice", "choice"),
    ("Be the ten judges", "people"),
]
SOURCES = [("One of these", "example"), ("A photo of mine", "upload"), ("The camera", "camera")]
OPTIONS = "red, blue, green, brown, white, black"
WITH_METHOD = {"mode": ["ask", "choice"]}
WITH_BARS = {"mode": ["ask", "looks", "choice", "people"]}
WITH_TABLE = {"mode": ["all", "people"]}
ABOUT = (
    "The networks know {answers} answers and {words} words, from photos of dogs, people and sports, and of rooms. "
    "The photos here were chosen: r-DAN is right about most of them, and wrong about a few, such as the one in "
    "“Where it fails”."
)


# ------------------------------------------------------------------ from the controls to the stage


def show(
    mode: str,
    source: str = "example",
    photo: str = "",
    upload: bytes | None = None,
    camera: bytes | None = None,
    question: str = "",
    method: str = asking.FIRST_METHOD,
    options: str = "",
    people: str = "",
) -> frame.Shown:
    """What the controls ask for: the photo or the film, bars, a table, and a sentence."""
    recorded = frame.recording(f"{ID}-looks", dict(mode=mode, source=source, photo=photo, question=question))
    if recorded:
        film, bars, _, said = looked_at(**recorded)
        return frame.Shown([film, bars, gr.skip()], said)
    picture = chosen(source, photo, upload, camera)
    try:
        asking.check(question)
    except ValueError as problem:
        raise frame.Note(str(problem), at="question") from None
    doubts = asking.doubts(question)
    film, bars, table, said = {"ask": ask, "looks": looking, "all": compare, "choice": choose, "people": judge}[mode](
        picture, question, method, options, people
    )
    return frame.Shown([film, bars, table], said, frame.Note(doubts, at="question") if doubts else None)


def chosen(source: str, photo: str, upload: bytes | None, camera: bytes | None) -> Image.Image:
    """The photo that is asked about. A Note where there is none, or where it cannot be read."""
    if source == "example":
        return asking.example(photo)
    sent = {"upload": upload, "camera": camera}[source]
    if sent == GONE:
        raise frame.Note("Your photo was deleted after an hour: choose it again.", at=source)
    try:
        if sent:
            return open_picture(sent)
    except ValueError as problem:
        raise frame.Note(str(problem), at=source) from None
    what = "Choose a photo: a PNG, JPEG or WebP file of at most 5 MB." if source == "upload" else "Take a photo first."
    raise frame.Note(what, at=source)


def word_by_word(picture: Image.Image, question: str, answers: Callable[[str], list], method: str) -> Any:
    """The film of a method that reads the question, with answers(question); the photo alone for one that does not."""
    if method not in asking.READERS:
        return views.still(picture)
    read = asking.read_along(question, answers)
    captions = [f"{found[0][0]}, {found[0][1]:.0%} sure" if found else "no word that it knows yet" for _, found in read]
    return views.reading(picture, [so_far for so_far, _ in read], captions, views.shares(read))


def vote_by_vote(picture: Image.Image, question: str) -> Any:
    """The film of what most of the networks that read the question would say after each word."""

    def votes(text: str) -> list[tuple[str, int]]:
        found = asking.every(picture, text, asking.NETWORKS).values()
        return Counter(each[0][0] for each in found).most_common()

    def told(found: list[tuple[str, int]]) -> str:
        if not found:
            return "no word that they know yet"
        (first, most), *others = found
        n = sum(count for _, count in found)
        if n == 1:
            return f"the one network that is here says {first}"
        if most == 1:
            return f"no two of the {n} networks that read it agree"
        ties = "".join(f", {count} {answer}" for answer, count in others if count == most)
        return f"{most} of the {n} networks that read it say {first}{ties}"

    try:
        read = asking.read_along(question, votes)
    except WeightsError:  # other methods may be there
        return views.still(picture)
    return views.reading(
        picture, [so_far for so_far, _ in read], [told(found) for _, found in read], views.shares(read)
    )


def ask(picture: Image.Image, question: str, method: str, *_: str) -> tuple[Any, Any, Any, str]:
    """A method's five best answers, and what the question alone would have suggested."""
    found = asking.answers(method, picture, question)
    film = word_by_word(picture, question, functools.partial(asking.answers, method, picture, top=asking.ALL), method)
    series = {TITLES[method]: ("reading", found)}
    (best, p), said = found[0], ""
    if method in asking.BLIND:
        blind = asking.BLIND[method]
        try:
            without = asking.answers(blind, picture, question)
        except WeightsError:
            without = []
        if without:
            series[f"without the photo: {TITLES[blind]}"] = ("ink", without)
            guess, share = without[0]
            said = f" Without the photo, {TITLES[blind]} says {guess}, {share:.0%} sure."
    return film, views.bars("What it answers", series), gr.skip(), f"{TITLES[method]}: {best}, {p:.0%} sure.{said}"


def looking(picture: Image.Image, question: str, *_: str) -> tuple[Any, Any, Any, str]:
    """Where r-DAN looks at each step, and what it answers."""
    visual, textual, words = asking.looks(picture, question)
    found = asking.answers("rdan", picture, question)
    strongest = words[int(textual[-1].argmax())]
    said = (
        f"r-DAN: {found[0][0]}, {found[0][1]:.0%} sure. In its last step “{strongest}” weighs most, and the "
        f"brightest of {visual[0].numel()} parts has {visual[-1].max():.0%} of the photo's attention."
    )
    return looked_at(views.looking(picture, visual, textual, words), found, said)


def looked_at(film: dict[str, Any], found: list[tuple[str, float]], said: str) -> tuple[Any, Any, Any, str]:
    """What is on the stage then."""
    return film, views.bars("What r-DAN answers", {TITLES["rdan"]: ("reading", found)}), gr.skip(), said


def record() -> None:
    """Write what is there on arrival; for `python -m demos.first_sight`."""
    picture, question = asking.example(path.FIRST["photo"]), path.FIRST["question"]
    film, _, _, said = looking(picture, question)
    found = asking.answers("rdan", picture, question)
    frame.record(f"{ID}-looks", path.FIRST, dict(film=film, found=found, said=said))


def compare(picture: Image.Image, question: str, *_: str) -> tuple[Any, Any, Any, str]:
    """The answers of all methods."""
    found = asking.every(picture, question)
    firsts = [each[0][0] for each in found.values()]
    commonest = max(dict.fromkeys(firsts), key=firsts.count)
    most = firsts.count(commonest)
    said = f"{most} of {len(firsts)} methods say {commonest}." if most > 1 else "No two methods agree."
    blind = [key for key in ("lstm-q", "bow-q", "type") if key in found]
    if blind and found[blind[0]][0][0] == commonest:
        said += " So does a network that never sees the photo: here the question gives the answer away."
    said += " “Held out” is how often each of them is right about photos that none has seen."
    return vote_by_vote(picture, question), gr.skip(), views.compared(found), said


def choose(picture: Image.Image, question: str, method: str, options: str, *_: str) -> tuple[Any, Any, Any, str]:
    """A method's choice among the visitor's options."""
    try:
        given = asking.parts_of(options, asking.MOST_OPTIONS, "options")
    except ValueError as problem:
        raise frame.Note(str(problem), at="options") from None
    found = asking.among(method, picture, question, given)
    known = {metric.normalised(option) for option, _ in found}
    strange = [option for option in given if metric.normalised(option) not in known]
    if not found:
        raise frame.Note(
            "None of these is an answer that the networks can give; try colours, numbers, yes or no.", "options"
        )
    said = f"Among your options, {TITLES[method]} chooses {found[0][0]}, {found[0][1]:.0%} sure."
    if strange:
        said += f" Not among its answers: {', '.join(strange[:4])}."
    bars = views.bars("Shares among your options", {TITLES[method]: ("reading", found)})
    film = word_by_word(picture, question, lambda text: asking.among(method, picture, text, given), method)
    return film, bars, gr.skip(), said


def judge(picture: Image.Image, question: str, method: str, options: str, people: str) -> tuple[Any, Any, Any, str]:
    """The consensus of what the visitor typed for ten people, and what it is worth to each method."""
    try:
        said_by = asking.parts_of(people, asking.PEOPLE, "people's answers")
        distinct = list(dict.fromkeys(map(metric.normalised, said_by)))
        scores = sorted(((answer, metric.score(answer, said_by)) for answer in distinct), key=lambda pair: -pair[1])
    except ValueError as problem:
        raise frame.Note(str(problem), at="people") from None
    found = asking.every(picture, question)
    key = "rdan" if "rdan" in found else next(iter(found))
    mine, _ = found[key][0]
    worth, (best, share) = metric.score(mine, said_by), scores[0]
    said = (
        f"{f'“{best}”' if best else 'An empty answer'} is worth {share:.0%} among these {len(said_by)} people. "
        f"The answer of {TITLES[key]}, “{mine}”, would get {worth:.0%}."
    )
    bars = views.bars("What each answer is worth", {"consensus": ("real", scores)}, "score, %")
    return vote_by_vote(picture, question), bars, views.compared(found, said_by), said


# ------------------------------------------------------------------ the page


def build(tabs: gr.Tabs | None = None) -> frame.Page:
    """The tab."""
    with frame.page(ID, TITLE, path.PATH) as page:
        with page.stage():
            strip = FilmStrip(elem_id="vqa-film", label="The photo, and where r-DAN looks")
            page.tools(strip)
            with page.only("table", WITH_TABLE):
                table = gr.Dataframe(
                    interactive=False, elem_id="vqa-table", show_label=False, wrap=True, max_height=560
                )
            bars = page.chart("bars", when=WITH_BARS)
        with page.side():
            question_controls(page)
            photo_controls(page)
        with page.below():
            for name, modes in (("looks", ["looks"]), ("answers", ["ask", "all", "choice", "people"])):
                with page.only(f"equation-{name}", {"mode": modes}):
                    frame.equation(path.EQUATIONS[name])
            gr.Markdown(about(), elem_classes="quality")
            page.diagram(path.DIAGRAM)
            page.history(asking.TRAINED, none="It answers questions and makes no pictures.")
            page.lesson(views.measured())
        page.press(page.ask, lambda **_: {}, [])
        page.act(show, [strip, bars, table])
        page.set_by(page.chips.select, lambda event, **_: {"question": str(event.value)}, ["question"])
        page.chips.select(None, None, page.chips, js="() => null", **frame.QUIET)  # so that it can be clicked again
        asked_of = page.controls["photo"].input
        page.set_by(asked_of, lambda event, **values: {"question": path.ASKED[values["photo"]]}, ["question"])
    gr.api(frame.sentences(asking.answer), api_name="vqa_answer", **frame.MODEL)
    gr.api(frame.sentences(asking.compare), api_name="vqa_compare", **frame.MODEL)
    return page


def question_controls(page: frame.Page) -> None:
    """The question, with others to click, and what is done with it."""
    box = gr.Textbox(
        path.FIRST["question"], label="Your question", info="In English, about the photo", max_lines=2, lines=1
    )
    page.control("question", box, caption=True)
    page.ask = gr.Button("Ask", variant="primary", elem_id="vqa-ask", elem_classes="main-action")
    page.chips = gr.Radio(
        path.CHIPS, label="Or one of these", elem_classes="chips", elem_id="vqa-chips",
        interactive=True,  # which Gradio would take from it, as from all that events only write
    )  # fmt: skip

    page.control("mode", gr.Radio(MODES, value=path.FIRST["mode"], label="What do you want to see?"))
    page.control("method", gr.Dropdown(asking.METHODS, value=asking.FIRST_METHOD, label="Method"), when=WITH_METHOD)
    options = gr.Textbox(OPTIONS, label="Your options", info="Up to 18, separated by commas", max_lines=4)
    page.control("options", options, when={"mode": ["choice"]}, caption=False)
    people = gr.Textbox(
        path.PEOPLE, label="What ten people would say", info="Up to 10 answers, separated by commas", max_lines=6
    )
    page.control("people", people, when={"mode": ["people"]}, caption=False)


def photo_controls(page: frame.Page) -> None:
    """A photo of the app's, of the visitor's, or of the camera."""
    page.control("source", gr.Radio(SOURCES, value="example", label="Which photo?"), caption=False)
    of_app = {"source": ["example"]}
    with page.only("thumbnails", of_app):
        gr.HTML(thumbnails(), apply_default_css=False, elem_classes="thumbnails")
    names = [(name.replace("-", " "), name) for name in asking.examples()]
    photo = gr.Radio(names, value=path.FIRST["photo"], label="A photo", elem_classes="categories photos")
    page.control("photo", photo, when=of_app, acts=False)
    with page.only("upload-box", {"source": ["upload"]}):
        button = PhotoButton("Choose a photo", file_types=["image"], size="md")
        page.control("upload", button, when={"source": ["upload"]}, link=False, caption=False)
    camera = Camera(sources=["webcam"], label="Take a photo", show_label=False, buttons=[])
    page.control("camera", camera, when={"source": ["camera"]}, link=False, caption=False)


def about() -> str:
    """What the networks know, from r-DAN's card; empty where it is missing."""
    try:
        known = core.card(asking.NAMES["rdan"])["config"]
        return ABOUT.format(answers=len(known["answers"]), words=len(known["words"]))
    except (KeyError, WeightsError):
        return ""


def thumbnails() -> str:
    """A style sheet that puts a small copy of each photo onto its button."""
    rules = []
    for place, name in enumerate(asking.examples(), 1):
        small = plots.data_url(asking.example(name).convert("RGB").resize((80, 80)), photo=True)
        rules.append(f'#{ID}-photo label:nth-of-type({place}) {{ --picture: url("{small}"); }}')
    return f"<style>{''.join(rules)}</style>"
