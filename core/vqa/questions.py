"""Questions about photos, made from what five people wrote below each, in the way of COCO-QA.

Ren, Kiros and Zemel 2015 (arXiv:1505.02074) turn a caption into a question whose answer is a word of that caption.
Here a photo's five captions are read together: an answer counts as often as captions say it, so that five captioners
stand for the ten people of the VQA paper, and min(n / 3, 1) scores an answer. An answer is kept where two agree, and a
question is dropped where captions contradict each other.

    "A brown dog runs on grass ." x 3    what color is the dog? brown 3      what is running on grass? dog 3
    "Two men ride bikes ." x 2           how many men are there? 2           where is the dog? grass 3
    yes / no                             is there a dog? yes 3               is there a car? no 5

Differs from COCO-QA: patterns over word lists (lexicon.py) in place of a parser; yes/no questions, as many of either
answer for every question; "one" counts, where three name a single thing and nobody more.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import torch

from core.noise import seeded
from core.vqa import lexicon as words

KINDS = ("object", "number", "colour", "place", "activity", "yes/no")
AGREE = 2  # captions that must say an answer
SURE = 3  # captions for "yes", and for "one"


class Question(NamedTuple):
    """A question about a photo, and how many people gave each answer."""

    photo: str
    text: str
    answers: Mapping[str, int]
    kind: str


class Thing(NamedTuple):
    """A noun of a caption with what stands before it: tokens[start:end]. number: 1, 2 ..., or 0 for an unsaid many."""

    noun: str
    start: int
    end: int
    number: int
    colours: tuple[str, ...]
    plural: bool
    other: bool  # "another dog", "the other dog"


def plural_of(noun: str) -> str:
    if noun in words.IRREGULAR:
        return words.IRREGULAR[noun]
    return noun if noun in words.PAIRS | words.MASS else noun + "s"


def forms(nouns: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, bool]]:
    """Every form of every word: (its noun, whether it is a plural)."""
    found = {}
    for noun, same in nouns.items():
        for word in same:
            found[plural_of(word)] = (noun, True)
            found[word] = (noun, word in words.PAIRS)
    return found


GROUPS = {"person": words.PEOPLE, "animal": words.ANIMALS, "thing": words.THINGS, "clothes": words.CLOTHES,
          "place": words.PLACES}  # fmt: skip
FORMS = {form: each for group in GROUPS.values() for form, each in forms(group).items()}
GROUP = {noun: name for name, group in GROUPS.items() for noun in group}
HANDLING = {form: verb for verb, same in words.HANDLING.items() for form in same}
DOING = {form: activity for activity, same in words.DOING.items() for form in same}


def tokens(caption: str) -> list[str]:
    return re.findall(r"[a-z]+(?:[-'][a-z]+)*|,", caption.lower())


def things(caption: Sequence[str]) -> list[Thing]:
    """The nouns of a caption that the word lists know, each with its number and colours."""
    found = []
    for i, word in enumerate(caption):
        after = caption[i + 1] if i + 1 < len(caption) else ""
        if word not in FORMS or after in words.HEADS:
            continue
        noun, plural = FORMS[word]
        start = i
        while start > 0 and i - start < 6 and describes(caption[start - 1]):
            start -= 1
        before = caption[start:i]
        determined = start > 0 and caption[start - 1] in words.DETERMINERS
        said = caption[start - 1] if determined else ""
        number = words.NUMBERS.get(said, 0 if plural and noun not in words.PAIRS else 1)
        known = words.COLOUR_WORDS | (words.HAIR if noun == "hair" else {})
        colours = tuple(known.get(w, w) for w in before if w in known or w in words.UNSURE)
        other = said == "another" or "other" in before or "second" in before
        found.append(Thing(noun, start - determined, i + 1, number, colours, plural, other))
    return found


STOPS = words.listed(
    "in on at of with and or to from by over under through into near onto off up down out is are was were has "
    "have wearing holding while as that who which next along across behind after before around for against , "
    "no not his her its their it he she they them him be being"
)
NEVER_BEFORE = STOPS | words.DETERMINERS


def describes(word: str) -> bool:
    """Whether a word may stand between an article and its noun. "and" may, between colours."""
    if word == "and":
        return True
    return word not in NEVER_BEFORE and word not in DOING and not word.endswith("ing")


class Photo:
    """A photo's captions, read."""

    def __init__(self, captions: Iterable[str]):
        self.captions = [tokens(caption) for caption in captions]
        self.things = [things(caption) for caption in self.captions]
        self.words = {word for caption in self.captions for word in caption}
        self.subjects = self.find_subjects()
        self.nouns = Counter(noun for each in self.things for noun in sorted({t.noun for t in each}))
        self.numbers = {noun: self.numbers_of(noun) for noun in self.nouns}

    def numbers_of(self, noun: str) -> Counter[int]:
        """How many captions speak of how many of a noun; 0 where one names several without a number."""
        count: Counter[int] = Counter()
        for each in self.things:
            mine = [t for t in each if t.noun == noun]
            if mine:
                many = any(t.other for t in mine) or len({t.start for t in mine if t.number == 1 and t.colours}) > 1
                count[0 if many else max(t.number for t in mine) if all(t.number for t in mine) else 0] += 1
        return count

    def single(self, noun: str) -> bool:
        """Whether nobody speaks of more than one."""
        return set(self.numbers[noun]) == {1}

    def find_subjects(self) -> list[Thing | None]:
        """What each caption is about: the person or animal that it names first, if it begins with it."""
        return [
            next((t for t in each if t.start <= 1 and GROUP[t.noun] in ("person", "animal")), None)
            for each in self.things
        ]


# ------------------------------------------------------------------ a kind each


def is_are(noun: str, many: bool) -> tuple[str, str]:
    """The noun as a question names it, and its verb."""
    return (plural_of(noun), "are") if many or noun in words.PAIRS else (noun, "is")


def of_colour(photo: Photo) -> Iterator[tuple[str, Counter[str]]]:
    """What color is the dog? Where no caption gives it two colours, or two of them different ones."""
    for noun in photo.nouns:
        if GROUP[noun] in ("person", "place"):
            continue
        said: Counter[str] = Counter()
        for each in photo.things:
            named = {t.colours for t in each if t.noun == noun and t.colours}
            if len(named) > 1 or any(len(colours) > 1 for colours in named):
                said.clear()
                break
            said.update(colours[0] for colours in named)
        few = photo.single(noun) or GROUP[noun] == "clothes"
        if not said or not few or set(said) & words.UNSURE:
            continue
        (best, n), *rest = said.most_common()
        if n >= AGREE and all(m < n and (alike(best, colour) or (n >= SURE and m == 1)) for colour, m in rest):
            many = all(t.plural for each in photo.things for t in each if t.noun == noun)
            name, verb = is_are(noun, many)
            yield f"what color {verb} the {name}?", said


def alike(a: str, b: str) -> bool:
    return a == b or any({a, b} <= group for group in words.ALIKE)


def of_number(photo: Photo) -> Iterator[tuple[str, Counter[str]]]:
    """How many dogs are there? Where all who count agree; one, where three name a single thing."""
    for noun, numbers in photo.numbers.items():
        if noun in words.MASS | words.PAIRS or GROUP[noun] in ("clothes", "place"):
            continue
        counted = {number: n for number, n in numbers.items() if number > 1}
        if len(counted) == 1 and 1 not in numbers:
            ((number, n),) = counted.items()
            mixed = GROUP[noun] == "person" and any(others(photo, noun))
            if n >= AGREE and not mixed:
                yield f"how many {plural_of(noun)} are there?", Counter({str(number): n})
        elif set(numbers) == {1} and numbers[1] >= SURE and alone(photo, noun):
            yield f"how many {plural_of(noun)} are there?", Counter({"1": numbers[1]})


def alone(photo: Photo, noun: str) -> bool:
    """Whether a single animal, or a person with nobody else mentioned, is meant."""
    return GROUP[noun] == "animal" or (GROUP[noun] == "person" and not any(others(photo, noun)))


def others(photo: Photo, noun: str) -> Iterator[str]:
    """Words of a photo's captions for further people, who may be meant by the noun too."""
    crowd = {"people", "group", "crowd", "couple", "another", "others", "other", "family", "team", "children", "kids",
             "players", "spectators", "audience", "someone", "men", "women", "boys", "girls", "friends"}  # fmt: skip
    own = {plural_of(word) for word in words.PEOPLE.get(noun, ())}
    yield from photo.words & (crowd - own)


def of_subject(photo: Photo) -> Iterator[tuple[str, Counter[str]]]:
    """What is running on the grass? Who is riding a bike?"""
    subjects = photo.subjects
    said = Counter(t.noun for t in subjects if t is not None)
    if not said or said.most_common(1)[0][1] < SURE:
        return
    best = said.most_common(1)[0][0]
    if not photo.single(best) or any(GROUP[noun] != GROUP[best] for noun in said):
        return
    for caption, subject in zip(photo.captions, subjects, strict=True):
        if subject is None or subject.noun != best or subject.number != 1:
            continue
        rest = list(caption[subject.end :])
        rest = rest[1:] if rest[:1] in (["is"], ["that"]) else rest
        if not 2 <= len(rest) <= 7 or rest[0] not in DOING or set(rest) & LOOSE:
            continue
        rest[0] = DOING[rest[0]]
        yield f"{'who' if GROUP[best] == 'person' else 'what'} is {' '.join(rest)}?", said
        return


LOOSE = words.listed("his her its their while and as , it him he she that who another is")


def of_handling(photo: Photo) -> Iterator[tuple[str, Counter[str]]]:
    """What is the dog carrying? Where two captions name the thing, and the verb stands before it in one."""
    said: dict[str, set[str]] = defaultdict(set)
    who: dict[str, Counter[str]] = defaultdict(Counter)
    for caption, named, subject in zip(photo.captions, photo.things, photo.subjects, strict=True):
        for t in named:
            if GROUP[t.noun] == "thing" and t.start:
                before = caption[max(0, t.start - 2) : t.start]
                verb = HANDLING.get(" ".join(before)) or HANDLING.get(before[-1])
                if verb:
                    said[verb].add(t.noun)
                    who[verb].update([subject.noun] if subject is not None else [])
    for verb, nouns in said.items():
        (best, *more), by = sorted(nouns), who[verb].most_common(1)
        if not more and by and photo.nouns[best] >= AGREE and photo.single(by[0][0]):
            yield f"what is the {by[0][0]} {verb}?", Counter({best: photo.nouns[best]})


def of_place(photo: Photo) -> Iterator[tuple[str, Counter[str]]]:
    """Where is the dog? In the place that captions name after a preposition."""
    said: Counter[str] = Counter()
    for caption, named in zip(photo.captions, photo.things, strict=True):
        places = [t for t in named if GROUP[t.noun] == "place" and t.start]
        said.update(list(dict.fromkeys(t.noun for t in places if caption[t.start - 1] in words.IN_PLACES)))
    subjects = Counter(t.noun for t in photo.subjects if t is not None)
    if not said or not subjects:
        return
    noun, n = subjects.most_common(1)[0]
    (best, m), *rest = said.most_common()
    if n >= AGREE and m >= AGREE and best != "air" and not any(k == m for _, k in rest):
        many = not photo.single(noun)
        if many and 1 in photo.numbers[noun]:
            return
        name, verb = is_are(noun, many)
        yield f"where {verb} the {name}?", said


def of_activity(photo: Photo) -> Iterator[tuple[str, Counter[str]]]:
    """What is the man doing? The first verb after what the captions are about."""
    said: Counter[str] = Counter()
    subjects = Counter(t.noun for t in photo.subjects if t is not None)
    if not subjects:
        return
    for caption, subject in zip(photo.captions, photo.subjects, strict=True):
        if subject is not None:
            after = [DOING[w] for w in caption[subject.end : subject.end + 6] if w in DOING]
            said.update(after[:1])
    noun, n = subjects.most_common(1)[0]
    if said and n >= AGREE and photo.single(noun):
        (_, m), *rest = said.most_common()
        if m >= AGREE and not any(k == m for _, k in rest):
            yield f"what is the {noun} doing?", said


OPEN = {"colour": of_colour, "number": of_number, "object": of_subject, "handling": of_handling, "place": of_place,
        "activity": of_activity}  # fmt: skip
Answered = Mapping[str, Sequence[tuple[str, Counter[str]]]]  # a photo's open questions and what is said, by kind


def open_questions(photo: Photo) -> Answered:
    return {kind: list(make(photo)) for kind, make in OPEN.items()}


# ------------------------------------------------------------------ yes or no, as many of either


def claims(photo: Photo, found: Answered, colours: Mapping[str, Counter[str]]) -> Iterator[tuple[str, bool, int]]:
    """Questions that can be answered by yes or no: (text, whether it is so, how many say it)."""
    for noun, hints in words.HINTS.items():
        article = "" if noun in words.MASS and noun != "beach" else "a "
        if photo.nouns[noun] >= SURE:
            yield f"is there {article}{noun}?", True, photo.nouns[noun]
        elif not photo.nouns[noun] and not photo.words & {*hints.split(), noun, plural_of(noun)}:
            yield f"is there {article}{noun}?", False, 5
    for text, said in found["colour"]:
        (best, n), *_ = said.most_common()
        subject = re.sub(r"what color (is|are) the (.*)\?", r"\1 the \2", text)
        yield f"{subject} {best}?", True, n
        for colour, often in colours[text].items():
            if often > 1 and not any(alike(colour, other) for other in said):
                yield f"{subject} {colour}?", False, n
    for text, said in found["activity"]:
        (best, n), *_ = said.most_common()
        subject = re.sub(r"what is the (.*) doing\?", r"is the \1", text)
        yield f"{subject} {best}?", True, n
        named = {DOING[word] for word in photo.words if word in DOING}
        excluded = named | set().union(*(group for group in words.TOGETHER if group & named))
        for activity in words.DOING:
            if activity not in excluded:
                yield f"{subject} {activity}?", False, n


def yes_no_questions(photos: Mapping[str, Photo], found: Mapping[str, Answered], each: int = 300) -> Iterator[Question]:
    """As many of either answer for every question, `each` at most; which photos, the text decides."""
    colours: dict[str, Counter[str]] = defaultdict(Counter)
    for answered in found.values():
        for text, said in answered["colour"]:
            colours[text].update([said.most_common(1)[0][0]])
    asked: dict[str, dict[bool, list[tuple[str, int]]]] = defaultdict(lambda: {True: [], False: []})
    for name, photo in photos.items():
        for text, so, n in claims(photo, found[name], colours):
            asked[text][so].append((name, n))
    for text, sides in sorted(asked.items()):
        n = min(each, *map(len, sides.values()))
        for so, rows in sides.items():
            order = torch.randperm(len(rows), generator=seeded(0, f"yes or no: {text} {so}"))[:n]
            for k in order.tolist():
                yield Question(rows[k][0], text, {"yes" if so else "no": rows[k][1]}, "yes/no")


def fewer_ones(made: Sequence[Question]) -> list[Question]:
    """Of the questions whose answer is 1, as many as have another number, for every text: most photos have one dog."""
    ones = [q for q in made if "1" in q.answers]
    kept = [q for q in made if "1" not in q.answers]
    more = Counter(q.text for q in kept if q.kind == "number")
    for k in torch.randperm(len(ones), generator=seeded(0, "one of them")).tolist():
        if more[ones[k].text] > 0:
            more[ones[k].text] -= 1
            kept.append(ones[k])
    return kept


def from_captions(captions: Mapping[str, Sequence[str]]) -> list[Question]:
    """All questions that captions {photo: sentences} give, in the order of the photos."""
    photos = {name: Photo(sentences) for name, sentences in captions.items()}
    found = {name: open_questions(photo) for name, photo in photos.items()}
    made = [
        Question(name, text, dict(said), "object" if kind == "handling" else kind)
        for name, answered in found.items()
        for kind, each in answered.items()
        for text, said in each
    ]
    made = fewer_ones(made) + list(yes_no_questions(photos, found))
    place = {name: i for i, name in enumerate(photos)}
    return sorted(made, key=lambda q: (place[q.photo], KINDS.index(q.kind), q.text))
