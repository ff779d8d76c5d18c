"""Questions about photos: how they are made and read, how answers are scored, and each method, against other sums."""

import itertools
import json
import math
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from core import data, zoo
from core.noise import first_weights, seeded
from core.train import train
from core.vqa import evaluate, language, metric, sets
from core.vqa.answerer import interval
from core.vqa.baselines import once
from core.vqa.networks import Bag, Memory, peaks
from core.vqa.questions import AGREE, from_captions
from tests.test_contract import questions as some_questions
from tests.test_contract import small

METHODS = zoo.names("vqa")

# ------------------------------------------------------------------ the metric


def test_the_consensus_is_the_mean_over_the_ten_sets_of_nine():
    for n in range(11):
        people = ["yes"] * n + ["no"] * (10 - n)
        nines = [people[:k] + people[k + 1 :] for k in range(10)]
        expected = sum(min(nine.count("yes") / 3, 1) for nine in nines) / 10
        assert metric.score("Yes.", people) == pytest.approx(expected)
    assert metric.score("yes", ["yes"] * 3 + ["no"] * 7) == pytest.approx(0.9)  # as in the paper's own code
    with pytest.raises(ValueError, match=r"0 \.\.\. 10"):
        metric.consensus(11)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("The two dogs.", "2 dogs"),
        ("dont  know", "don't know"),
        ("Yes!", "yes"),
        ("black/white", "black white"),
        ("1,000", "1000"),
        ("3.5", "3.5"),
        ("none", "0"),
        ("an apple, a pear", "apple pear"),
        ("a,b-,c", "b c"),  # each mark is judged by the answer as it was given
        ("", ""),
    ],
)
def test_answers_are_compared_after_the_published_normalisation(said: str, meant: str):
    assert metric.normalised(said) == meant
    assert metric.normalised(meant) == meant


def test_there_are_18_choices_the_right_one_among_them_and_none_twice():
    others = [f"answer {k}" for k in range(50)]
    popular = ["yes", "no", *others[:8]]
    for seed in range(20):
        found = metric.choices("yes", ["red", "yes", "blue", "green"], popular, others, seeded(seed, "choices"))
        assert len(found) == len(set(found)) == metric.CHOICES
        assert {"yes", "red", "blue", "green", *popular} <= set(found)
    assert len({metric.choices("yes", [], [], others, seeded(s, "choices")).index("yes") for s in range(30)}) > 5


# ------------------------------------------------------------------ questions from captions

DOG = ["A brown dog runs on the grass .", "The brown dog is running on grass .", "A dog with a red ball on the grass .",
       "A brown dog carries a red ball .", "A dog is carrying a ball ."]  # fmt: skip
MEN = [
    "Two men in a boat .",
    "Two men row on a lake .",
    "Two guys row a boat .",
    "Men on a lake .",
    "Two men , rowing .",
]
MIXED = [
    "A black dog and a white dog run .",
    "A black dog chases another dog .",
    "A white dog runs .",
    "Dogs .",
    "Dogs run .",
]


def made(captions: dict[str, list[str]]) -> dict[tuple[str, str], dict[str, int]]:
    return {(q.photo, q.text): dict(q.answers) for q in from_captions(captions)}


def test_captions_become_questions_whose_answers_count_who_said_them():
    found = made({"dog": DOG, "men": MEN})
    assert found["dog", "what color is the dog?"] == {"brown": 3}
    assert found["dog", "what color is the ball?"] == {"red": 2}
    assert found["dog", "what is the dog carrying?"] == {"ball": 3}
    assert found["dog", "where is the dog?"] == {"grass": 3}
    assert found["dog", "what is the dog doing?"] == {"running": 2}
    assert found["men", "how many men are there?"] == {"2": 4}
    assert all(max(answers.values()) >= AGREE for answers in found.values())


def test_captions_that_contradict_each_other_are_not_asked_about():
    texts = {text for _, text in made({"mixed": MIXED})}
    assert "what color is the dog?" not in texts
    assert not any(text.startswith("how many dogs") for text in texts)


def test_as_many_photos_say_yes_as_no_to_every_question():
    photos = {f"{name}{k}": sentences for k in range(6) for name, sentences in (("dog", DOG), ("men", MEN))}
    photos |= {f"more dogs{k}": DOG for k in range(4)}
    asked: dict[str, Counter[str]] = {}
    for (_, text), answers in made(photos).items():
        if set(answers) <= {"yes", "no"}:
            asked.setdefault(text, Counter()).update(list(answers))
    assert asked["is there a dog?"] == {"yes": 6, "no": 6}
    assert all(count["yes"] == count["no"] for count in asked.values())
    # Two men in a boat: captions of water need not name a beach, but "no" would be a guess.
    assert ("men0", "is there a beach?") not in made(photos)


def test_each_held_out_part_has_as_many_of_either_answer_by_itself(monkeypatch: pytest.MonkeyPatch):
    """Even over all photos only, the answers that one part has too many of are those that the others lack."""
    sides = {"is there a dog?": ("yes", "no"), "how many dogs are there?": ("1", "3"), "how many men?": ("2", "4")}
    part_of = {"train": 40, "choosing": 8, "test": 12}
    photos = [f"{part}{k}" for part, n in part_of.items() for k in range(n)]
    rows = []  # even over all photos
    for text, answers in sides.items():
        kind = "yes/no" if "yes" in answers else "number"
        shuffled = torch.randperm(60, generator=seeded(1, text)).tolist()
        rows += [(photos[k], text, {answers[i % 2]: 5}, kind) for i, k in enumerate(shuffled)]
    monkeypatch.setattr(sets.captions, "captions_by_photo", lambda root: {name: [] for name in photos})
    split = {part: [name for name in photos if name.startswith(part)] for part in part_of}
    monkeypatch.setattr(sets.captions, "split_of", lambda names: split)
    monkeypatch.setattr(sets, "from_captions", lambda sentences: rows)
    found = sets.made(Path())
    assert [len(asked) for asked in found.values()] == [3 * n for n in part_of.values()]
    for part in ("choosing", "test"):
        counts = {text: Counter() for text in sides}
        for each in sets.held_out(part, found):
            counts[each.text].update(each.answers.keys())
        for text in ("is there a dog?", "how many dogs are there?"):
            one, other = (counts[text][answer] for answer in sides[text])
            assert one == other > 0
        assert counts["how many men?"].total() == part_of[part]  # nothing was evened there


# ------------------------------------------------------------------ the data sets


def on_disk(file: Path, maps: np.ndarray) -> np.ndarray:
    """Maps as they are read from disk; what is there already stays, as another reader may have it open."""
    if not file.exists():
        np.save(file, maps)
    return np.load(file, mmap_mode="r")


@pytest.fixture
def joint_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A miniature of Flickr8k and DAQUAR. A photo's features are its number among all of them, in every place."""
    (tmp_path / "flickr8k" / "Images").mkdir(parents=True)
    lines = ["image,caption"]
    for k in range(60):
        Image.new("RGB", (8, 8)).save(tmp_path / "flickr8k" / "Images" / f"{k}.jpg")
        lines += [f'{k}.jpg,"{sentence}"' for sentence in (DOG if k % 2 else MEN)]
    (tmp_path / "flickr8k" / "captions.txt").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "daquar" / "images").mkdir(parents=True)
    rows = ["question,answer,image_id"]
    for k in range(20):
        Image.new("RGB", (8, 8)).save(tmp_path / "daquar" / "images" / f"image{k}.png")
        rows += [f"what is on the table,garbage_bin,image{k}", f'what is here,"lamp, chair",image{k}']
    (tmp_path / "daquar" / "qa.csv").write_text("\n".join(rows), encoding="utf-8")
    for part, numbers in (("train", range(16)), ("test", range(16, 20))):
        names = "\n".join(f"image{k}" for k in numbers)
        (tmp_path / "daquar" / f"{part}_images.txt").write_text(names, encoding="utf-8")
    (tmp_path / "features").mkdir()
    monkeypatch.setattr("core.captions.HELD_OUT", 10)
    monkeypatch.setattr("core.captions.CHOOSING", 6)

    def seen(name: str, files: list[Path], root: Path) -> np.ndarray:
        start = 0 if name == "flickr8k" else 100
        numbers = start + np.arange(len(files), dtype=np.float16)
        return on_disk(root / f"{name}.npy", numbers[:, None, None, None] * np.ones((1, 2, 3, 3), np.float16))

    monkeypatch.setattr(sets, "seen_maps", seen)
    return tmp_path


def test_no_photo_is_both_learned_from_and_held_out(joint_root: Path):
    parts = {
        "train": data.load("vqa-choosing", joint_root, "train"),
        "choosing": data.load("vqa-choosing", joint_root, "test"),
        "test": data.load("vqa", joint_root, "test"),
    }
    photos = {part: {row.photo for row in each.asked} for part, each in parts.items()}
    for a, b in itertools.combinations(photos, 2):
        assert photos[a]
        assert not photos[a] & photos[b]
    final = data.load("vqa", joint_root, "train")
    assert {row.photo for row in final.asked} == photos["train"] | photos["choosing"]
    assert final.found == parts["test"].found
    assert "garbage bin" in final.found["answers"]
    assert {row.source for row in final.asked} == {"captions", "DAQUAR"}


@pytest.mark.parametrize("name", ["vqa", "vqa-maps"])
def test_a_batch_holds_the_photo_and_the_answers_of_its_question(joint_root: Path, name: str):
    dataset = data.load(name, joint_root, "train")
    batch = dataset.batch(torch.arange(len(dataset)), seeded(0, "none"))
    flickr = sorted(path.name for path in (joint_root / "flickr8k" / "Images").glob("*"))
    rooms = sorted(path.stem for path in (joint_root / "daquar" / "images").glob("*"))
    for k, row in enumerate(dataset.asked):
        number = flickr.index(row.photo) if row.source == "captions" else 100 + rooms.index(row.photo)
        assert (batch["features"][k] == number).all()
        there = {dataset.found["answers"][a]: s for a, s in enumerate(batch["score"][k].tolist()) if s}
        assert there == pytest.approx({a: s for a, s in row.scores.items() if a in dataset.found["answers"]})
        assert batch["target"][k].sum() == pytest.approx(1)
        text = [dataset.found["words"][w - 2] if w > 1 else "?" for w in batch["words"][k][: batch["lengths"][k]]]
        assert [w for w in language.words_of(row.text) if w in dataset.found["words"]] == [w for w in text if w != "?"]
    assert batch["features"].ndim == (4 if name == "vqa-maps" else 2)
    held_out = data.load(name, joint_root, "test").batch(torch.arange(9), seeded(0, "none"))
    best = held_out["score"].argmax(1, keepdim=True)
    assert (held_out["choices"] == best).any(1).all()  # the right answer can be chosen


def test_easy_vqa_is_read_from_its_package():
    for split, photos in (("train", 4000), ("test", 1000)):
        asked, files = sets.easy(split)
        assert len(files) == photos
        assert {each.photo for each in asked} <= set(files)
    red = next(each for each in asked if each.text == "what is the red shape?")
    assert dict(red.scores) == {"triangle": 1.0}
    dataset = data.load("easy-vqa", "unused", "test")
    assert len(dataset.found["answers"]) == 13
    assert dataset.batch(torch.arange(2), seeded(0, "none"))["features"].shape == (2, 3, 64, 64)


def test_vqa_s_own_format_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "features").mkdir()
    for part in ("train2014", "val2014"):
        (tmp_path / "vqa" / part).mkdir(parents=True)
        Image.new("RGB", (16, 12)).save(tmp_path / "vqa" / part / f"COCO_{part}_000000000009.jpg")
        ten = ["Red."] * 7 + ["the red", "dark red", "2"]
        question = {"image_id": 9, "question": "What colour is it?", "question_id": 90}
        note = {"question_id": 90, "answer_type": "other", "answers": [{"answer": answer} for answer in ten]}
        names = {f"v2_OpenEnded_mscoco_{part}_questions.json": {"questions": [question] * 3}}
        names[f"v2_mscoco_{part}_annotations.json"] = {"annotations": [note]}
        several = question | {"multiple_choices": ["red", "blue", "two"]}
        names[f"MultipleChoice_mscoco_{part}_questions.json"] = {"questions": [several]}
        for name, content in names.items():
            (tmp_path / "vqa" / name).write_text(json.dumps(content), encoding="utf-8")
    zeros = np.zeros((1, 4, 2, 2), np.float16)
    monkeypatch.setattr(sets, "seen_maps", lambda name, files, root: on_disk(tmp_path / f"{name}.npy", zeros))
    dataset = data.load("vqa-coco", tmp_path, "test")
    row = dataset.asked[0]
    assert row.answers == {"red": 8, "dark red": 1, "2": 1}
    assert row.scores == pytest.approx({"red": 1.0, "dark red": 0.3, "2": 0.3})
    assert (row.kind, row.choices) == ("colour", ("red", "blue", "2"))
    assert dataset.batch(torch.tensor([0]), seeded(0, "none"))["score"][0, dataset.number["red"]] == 1
    with pytest.raises(FileNotFoundError, match="val2014"):
        data.load("vqa-coco", tmp_path / "nowhere", "test")


# ------------------------------------------------------------------ the methods


@pytest.mark.parametrize("name", [name for name in METHODS if name != "vqa-random"])
def test_padding_never_changes_an_answer(name: str):
    model = small(name).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.1 * torch.randn(p.shape, generator=seeded(0, "weights")))
    batch = some_questions(model, 5)
    short = int(batch["lengths"].max())
    together = model.logits(batch)
    torch.testing.assert_close(model.logits(batch | {"words": batch["words"][:, :short]}), together)
    for k in range(5):
        n = int(batch["lengths"][k])
        alone = {key: batch[key][k : k + 1] for key in ("features", "lengths", "type")}
        torch.testing.assert_close(model.logits(alone | {"words": batch["words"][k : k + 1, :n]}), together[k : k + 1],
                                   rtol=1e-4, atol=1e-5)  # fmt: skip


def test_a_step_of_counting_adds_one_to_a_count(joint_root: Path):
    dataset = data.load("vqa", joint_root, "train")
    model = zoo.recipe("vqa-type").build(**dataset.found, method="type")
    batch = dataset.batch(torch.arange(len(dataset)), seeded(0, "none"))
    list(train(model.phases(), itertools.repeat(batch), 1))
    expected = Counter()
    for row in dataset.asked:
        total = sum(n for a, n in row.answers.items() if a in dataset.found["answers"])
        for answer, n in row.answers.items():
            if answer in dataset.found["answers"]:
                expected[language.type_of(language.words_of(row.text)), answer] += n / total
    for (kind, answer), n in expected.items():
        assert model.counts[kind, dataset.number[answer]].item() == pytest.approx(n, rel=1e-5)
    assert model.counts.sum().item() == pytest.approx(len(dataset), rel=1e-5)
    photo = Image.new("RGB", (8, 8))
    assert model.answer(photo, "how many men are there?")[0][0] == "2"
    prior = zoo.recipe("vqa-prior").build(**dataset.found, method="prior")
    prior.load_state_dict(model.state_dict())
    commonest = dataset.found["answers"][int(model.counts.sum(0).argmax())]
    assert {prior.answer(photo, text)[0][0] for text in ("how many men?", "is there a dog?")} == {commonest}


def test_the_nearest_neighbour_answers_like_the_photo_most_alike_among_the_same_questions():
    words = ["what", "is", "this", "where", "that"]
    model = zoo.recipe("vqa-nearest").build(words=words, answers=["a", "b", "c"], photos=6, questions=6, channels=64)
    texts = ["what is this"] * 5 + ["where is that"]
    asked, lengths = language.numbered(texts, model.vocabulary)
    photos = torch.randn(6, 64, generator=seeded(0, "photos"))
    target = F.one_hot(torch.tensor([0, 1, 0, 1, 0, 2]), 3).float()
    batch = {"features": photos, "words": asked, "lengths": lengths, "type": torch.zeros(6).long(), "target": target}
    batch |= {"row": torch.arange(6), "photo": torch.arange(6)}
    list(train(model.phases(), itertools.repeat(batch), 1))
    model.eval()
    torch.testing.assert_close(model.photo_codes, model.code(photos))  # put in place by one step
    seen = photos + 0.2 * torch.randn(6, 64, generator=seeded(1, "photos"))
    for k in range(6):
        one = {key: batch[key][:1] for key in ("words", "lengths", "type")}  # asks "what is this"
        alike = F.cosine_similarity(model.code(photos[:5]), model.code(seen[k : k + 1]))
        assert model.logits(one | {"features": seen[k : k + 1]}).argmax() == target[alike.argmax()].argmax()
    assert model.logits(one | {"features": seen[5:]}).argmax() != 2  # the photo is that of "where", the question is not


def test_words_that_nobody_knows_make_no_questions_alike_and_a_word_counts_once():
    words = ["what", "is", "there", "a", "dog", "here"]
    model = zoo.recipe("vqa-nearest").build(words=words, answers=["a", "b"], photos=4, questions=4, channels=64)
    texts = ["what is the the the", "is there a dog", "what is here", "dog dog dog what"]  # "the" is unknown
    asked, _ = language.numbered(texts, model.vocabulary)
    model.asked.copy_(asked.short())
    weight = model.weights_of_words()
    assert weight[:2].tolist() == [0, 0]
    assert weight[model.vocabulary.numbers(["dog"])].item() == pytest.approx(math.log(5 / 3) ** 2)  # in two of four
    assert (once(asked) == model.vocabulary.numbers(["dog"])).sum(1).tolist() == [0, 1, 0, 1]


def test_means_of_photos_are_taken_anew_where_their_maps_have_changed(tmp_path: Path):
    file = tmp_path / "means.npy"
    for value in (1, 2):
        maps = on_disk(tmp_path / f"{value}.npy", np.full((3, 2, 2, 2), value, np.float16))
        os.utime(tmp_path / f"{value}.npy", (value * 10**10, value * 10**10))  # later than all that was kept
        assert (sets.means(maps, file) == value).all()


def test_a_guess_is_measured_by_what_it_is_worth_on_average(joint_root: Path):
    dataset = data.load("vqa", joint_root, "train")
    model = zoo.recipe("vqa-random").build(**dataset.found)
    batch = dataset.batch(torch.arange(len(dataset)), seeded(0, "none"))
    list(train(model.phases(), itertools.repeat(batch), 1))
    model.eval()
    held_out = data.load("vqa", joint_root, "test")
    found = evaluate(model, held_out.batches(50))
    score = held_out.batch(torch.arange(len(held_out)), seeded(0, "none"))["score"]
    assert found["accuracy"] == pytest.approx(100 * score.mean(1).mean().item(), rel=1e-3)
    assert found["n"] == len(held_out)


def test_answers_are_measured_openly_among_the_choices_and_by_source_and_kind():
    """Four questions about three photos, worked out by hand: the likeliest answer counts, and of choices the best."""
    names = sets.group_names()
    color, others = 0, len(names) - 1
    logits = torch.tensor([[3.0, 2.0, 1.0], [0.0, 5.0, 4.0], [1.0, 0.0, 2.0], [9.0, 8.0, 7.0]])
    batch = {
        "score": torch.tensor([[1.0, 0.0, 0.3], [0.0, 0.0, 0.9], [0.0, 1.0, 0.6], [0.0, 0.3, 0.0]]),
        "choices": torch.tensor([[1, 2, -1], [0, 2, -1], [0, 1, 2], [1, 2, -1]]),
        "group": torch.tensor([color, color, others, others]),
        "photo": torch.tensor([0, 0, 1, 2]),
    }

    class Known:
        def logits(self, part: dict) -> torch.Tensor:
            return part["logits"]

    parts = [{key: value[rows] for key, value in (batch | {"logits": logits}).items()} for rows in ([0, 1, 2], [3])]
    found = evaluate(Known(), parts)
    assert found["n"] == 4
    assert found["accuracy"] == pytest.approx(100 * (1.0 + 0.0 + 0.6 + 0.0) / 4)
    assert found["choice"] == pytest.approx(100 * (0.0 + 0.9 + 0.6 + 0.3) / 4)
    assert found[names[color]] == pytest.approx(50)
    assert found[names[others]] == pytest.approx(30)
    assert found[names[color].split()[0]] == pytest.approx(50)
    assert found[names[others].split()[0]] == pytest.approx(30)
    assert found["low"] <= found["accuracy"] <= found["high"]


def test_the_interval_is_that_of_the_bootstrap_over_photos():
    random.seed(0)
    right = torch.tensor([100.0 * (random.random() < 0.3) for _ in range(2000)])
    low, high = interval(right, torch.arange(2000))
    error = 100 * (0.3 * 0.7 / 2000) ** 0.5
    assert (low, high) == pytest.approx(
        (right.mean().item() - 1.96 * error, right.mean().item() + 1.96 * error), abs=0.4
    )
    wide = interval(right.repeat_interleave(4), torch.arange(2000).repeat_interleave(4))
    assert wide == pytest.approx((low, high), abs=0.2)  # four questions about a photo that are all right or all wrong


# ------------------------------------------------------------------ asked by a picture and a sentence


@pytest.fixture(scope="module")
def asker():
    with first_weights(seeded(0, "weights")):
        return (
            zoo.recipe("vqa-lstm-q-i")
            .build(words=["what", "is", "the", "dog"], answers=list("abcdefg"), channels=1280)
            .eval()
        )


def test_answers_come_best_first_and_a_second_question_looks_at_nothing_again(asker, monkeypatch: pytest.MonkeyPatch):
    from core import vision

    looked = []

    def seen(pixels, name, size):
        looked.append(len(pixels))
        return torch.rand(len(pixels), 1280, 7, 7, generator=seeded(0, "photo")).half()

    monkeypatch.setattr(vision, "seen", seen)
    photo = Image.new("RGB", (300, 200), (3, 141, 59))
    found = asker.answer(photo, "What is the dog?", top=7)
    p = [probability for _, probability in found]
    assert p == sorted(p, reverse=True)
    assert sum(p) == pytest.approx(1, abs=1e-5)
    assert {answer for answer, _ in found} == set("abcdefg")
    assert len(asker.answer(photo, "is the dog?", top=2)) == 2
    assert looked == [1]
    assert asker.unknown("what is the zebra? the zebra") == ["zebra"]


def test_a_bag_has_each_word_once_and_the_first_three_in_their_places():
    known = ["is", "the", "dog", "what", "brown"]
    bag = Bag(known, [["is", "what"], ["the", "is"], ["dog"]])
    (found,) = bag(torch.tensor([[2, 3, 4, 3, 1, 0, 0]]))  # is the dog the <unknown>
    words, places = found[:5], found[5:].view(3, language.OF_EACH)
    assert words.tolist() == [1, 1, 1, 0, 0]
    assert places[:, :2].tolist() == [[1, 0], [1, 0], [1, 0]]
    assert not places[:, 2:].any()
    (begun,) = bag(torch.tensor([[5, 2, 0]]))  # what is
    assert begun[5:].view(3, language.OF_EACH)[:, :2].tolist() == [[0, 1], [0, 1], [0, 0]]


def test_a_question_is_the_last_hidden_and_cell_states_of_all_layers():
    memory = Memory(9, 3, 4, 2).double()
    asked, lengths = torch.tensor([[2, 3, 4, 5], [6, 7, 0, 0]]), torch.tensor([4, 2])
    found = memory(asked, lengths)
    cells = [torch.nn.LSTMCell(n, 3).double() for n in (4, 3)]
    for k, cell in enumerate(cells):
        own = {name: value for name, value in memory.lstm.state_dict().items() if name.endswith(f"_l{k}")}
        cell.load_state_dict({name.removesuffix(f"_l{k}"): value for name, value in own.items()})
    for row, n in enumerate(lengths.tolist()):
        states = [(torch.zeros(1, 3).double(), torch.zeros(1, 3).double()) for _ in cells]
        for word in asked[row, :n]:
            x = memory.embed(word).tanh()[None]
            for k, cell in enumerate(cells):
                states[k] = cell(x, states[k])
                x = states[k][0]
        expected = torch.cat([h for h, _ in states] + [c for _, c in states], 1)[0]
        torch.testing.assert_close(found[row], expected)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("", "has no words"),
        ("?!", "has no words"),
        ("is the dog " * 9, "has 27 words; at most 26"),
        ("dog " * 2500, "10,000 characters"),
        ("개가 있어요?", "none of these words"),
        ("🐶🐶", "has no words"),
        ("zebra zebra", "none of these words"),
        (None, "a question was expected"),
    ],
)
def test_a_question_that_cannot_be_read_gets_a_sentence(asker, question: str, said: str):
    with pytest.raises(ValueError, match=said):
        asker.answer(Image.new("RGB", (8, 8)), question)


def test_a_peak_counts_where_it_lies_in_the_photo_that_has_the_thing():
    model = (
        zoo.recipe("rdan").build(words=["is", "there", "a", "dog"], answers=["yes", "no"], channels=4, units=8).eval()
    )
    features = torch.zeros(4, 4, 3, 3)
    features[:2, 0] = 1  # the first two photos have it
    asked, lengths = language.numbered(["is there a dog?"] * 4, model.vocabulary)
    score = F.one_hot(torch.tensor([0, 0, 1, 1]), 2).float()
    batch = {"features": features, "words": asked, "lengths": lengths, "score": score}
    batch["type"] = torch.full((4,), language.TYPES.index("is there a"))

    def looks_at(channel: int, sign: float):
        def looks(maps, words, lengths):
            return SimpleNamespace(visual=(sign * maps[:, channel])[:, None].expand(-1, 2, -1, -1))

        return looks

    for sign, expected in ((1.0, True), (-1.0, False)):
        model.network.looks = looks_at(0, sign)
        assert peaks(model, batch).tolist() == [[expected] * 2] * 2


def test_questions_are_the_same_in_every_process():
    """A set's order differs from process to process; a vocabulary that did would make weights useless."""
    code = (
        f"from core.vqa.questions import from_captions; print(from_captions({dict(dog=DOG, men=MEN, mixed=MIXED)!r}))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": str(seed)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in (1, 2, 4)
    }
    assert len(found) == 1
