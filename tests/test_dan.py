"""Dual attention networks beside plain loops over photos, parts and words."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from core.dan import RDAN, Attention, MatchingDual, Words, ranking_loss, without_words
from core.mdan import MDAN, evaluate_recall, recalls
from core.noise import first_weights, seeded
from core.words import PADDING, UNKNOWN, Vocabulary, checked, padded, tokens, vocabulary

SIZES = dict(units=5, steps=2, attention=4, embedding=3)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def rdan() -> RDAN:
    with first_weights(seeded(0, "weights")):
        return RDAN(6, 9, 4, **SIZES).eval()


@pytest.fixture
def matching() -> MatchingDual:
    with first_weights(seeded(0, "weights")):
        return MatchingDual(6, 9, share=0.0, **SIZES).eval()


WORDS, LENGTHS = torch.tensor([[2, 3, 4, 0], [5, 0, 0, 0], [8, 7, 6, 5]]), torch.tensor([3, 1, 4])


def lstm_state_by_hand(words: Words, sentence: list[int], direction: str) -> list[Tensor]:
    """States of one direction, word by word, from the gates' equations."""
    W, R, b, c = (
        getattr(words.read, f"{part}_l0{direction}") for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    h, cell, found = torch.zeros(R.shape[1]), torch.zeros(R.shape[1]), []
    for word in reversed(sentence) if direction else sentence:
        i, f, g, o = (W @ words.embed.weight[word] + b + R @ h + c).chunk(4)
        cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
        h = o.sigmoid() * cell.tanh()
        found.append(h)
    return found[::-1] if direction else found


def attended(part: Attention, x: list[Tensor], m: Tensor) -> Tensor:
    """Eq. 4-5 with a loop over the parts: the weighted sum, before any tanh."""
    scores = []
    for x_n in x:
        h = [math.tanh(a) * math.tanh(b) for a, b in zip(part.W(x_n).tolist(), part.W_m(m).tolist(), strict=True)]
        scores.append(math.exp(sum(w * h_j for w, h_j in zip(part.W_h.weight[0].tolist(), h, strict=True))))
    return sum(score / sum(scores) * x_n for score, x_n in zip(scores, x, strict=True))


def inputs_by_hand(model, features: Tensor, i: int) -> tuple[list[Tensor], list[Tensor]]:
    """The parts of photo i, and the words of sentence i as the LSTM reads them."""
    v = [features[i, :, y, x] for y, x in itertools.product(range(features.shape[2]), range(features.shape[3]))]
    sentence = WORDS[i, : LENGTHS[i]].tolist()
    both = (lstm_state_by_hand(model.words, sentence, direction) for direction in ("", "_reverse"))
    return v, [forward + backward for forward, backward in zip(*both, strict=True)]


@torch.no_grad()
def test_rdan_is_what_the_papers_equations_say(rdan: RDAN):
    features = random(3, 6, 2, 3)
    scores = rdan(features, WORDS, LENGTHS)
    for i in range(3):
        v, u = inputs_by_hand(rdan, features, i)
        m = torch.tanh(rdan.P[0](sum(v) / len(v))) * (sum(u) / len(u))
        for k in (1, 2):
            seen = torch.tanh(rdan.P[k](attended(rdan.visual[k - 1], v, m)))
            m = m + seen * attended(rdan.textual[k - 1], u, m)
        torch.testing.assert_close(scores[i], rdan.W_ans.weight @ m + rdan.W_ans.bias, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_mdan_keeps_two_memories_and_adds_its_steps_up(matching: MatchingDual):
    features = random(3, 6, 2, 3)
    matching.standard.running_mean.copy_(random(6, seed=1))
    matching.standard.running_var.copy_(1 + random(6, seed=2).square())
    S = matching.z_v(features) @ matching.z_u(WORDS, LENGTHS).T
    mean, deviation = matching.standard.running_mean, matching.standard.running_var.sqrt()
    features = (features - mean[:, None, None]) / deviation[:, None, None]
    for i, j in itertools.product(range(3), range(3)):
        v, u = inputs_by_hand(matching, features, i)[0], inputs_by_hand(matching, features, j)[1]
        m_v, m_u = torch.tanh(matching.P[0](sum(v) / len(v))), sum(u) / len(u)
        total = m_v @ m_u
        for k in (1, 2):
            seen = torch.tanh(matching.P[k](attended(matching.visual[k - 1], v, m_v)))
            read = attended(matching.textual[k - 1], u, m_u)
            m_v, m_u, total = m_v + seen, m_u + read, total + seen @ read
        torch.testing.assert_close(S[i, j], total, atol=1e-5, rtol=1e-4)


def test_padding_changes_nothing_and_gets_no_attention(rdan: RDAN, matching: MatchingDual):
    features = random(3, 6, 2, 3)
    wider = torch.cat((WORDS, torch.zeros(3, 5).long()), 1)
    wider[torch.arange(9) >= LENGTHS[:, None]] = 7  # whatever stands behind a sentence
    for ask in (rdan, lambda f, w, n: matching.z_u(w, n)):
        expected = ask(features, WORDS, LENGTHS)
        torch.testing.assert_close(ask(features, wider, LENGTHS), expected)
        for i in range(3):
            alone = ask(features[i : i + 1], WORDS[i : i + 1, : LENGTHS[i]], LENGTHS[i : i + 1])
            torch.testing.assert_close(alone[0], expected[i])
    visual, textual = rdan.looks(features, wider, LENGTHS)
    assert (visual.shape, textual.shape) == ((3, 2, 2, 3), (3, 2, 9))
    assert (textual[(torch.arange(9) >= LENGTHS[:, None])[:, None].expand(-1, 2, -1)] == 0).all()
    torch.testing.assert_close(visual.sum((2, 3)), torch.ones(3, 2))
    torch.testing.assert_close(textual.sum(2), torch.ones(3, 2))


@pytest.mark.parametrize(
    ("words", "lengths"), [(WORDS, torch.tensor([3, 0, 4])), (WORDS, torch.tensor([3, 1, 5])), (WORDS, torch.ones(2))]
)
def test_lengths_that_do_not_fit_are_refused(rdan: RDAN, words: Tensor, lengths: Tensor):
    with pytest.raises(ValueError, match=r"words|length"):
        rdan(random(3, 6, 2, 3), words, lengths)


def test_numbers_fall_out_only_with_a_generator(rdan: RDAN):
    rdan.share = 0.5
    features = random(3, 6, 2, 3)
    asked = [rdan(features, WORDS, LENGTHS, g) for g in (None, None, seeded(0, "a"), seeded(0, "a"), seeded(0, "b"))]
    assert torch.equal(asked[0], asked[1])
    assert torch.equal(asked[2], asked[3])
    assert not torch.equal(asked[0], asked[2])
    assert not torch.equal(asked[2], asked[4])


def test_words_are_lost_at_random_but_never_found_in_padding():
    words, lengths = torch.full((2000, 4), 5), torch.arange(2000) % 4 + 1
    lost = without_words(words, lengths, 0.25, seeded(0, "lost"))
    there = torch.arange(4) < lengths[:, None]
    assert set(lost.unique().tolist()) == {UNKNOWN, 5}
    assert (lost[~there] == 5).all()
    assert (lost[there] == UNKNOWN).float().mean().item() == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize("softness", [0.01, 1.0, 4.0])
def test_ranking_loss_is_a_soft_maximum_of_what_wrong_pairs_cost(softness: float):
    S, margin, n = 3 * random(5, 5), 2.0, 5
    soft = hardest = 0.0
    for i in range(n):
        for others in ([S[i, j].item() for j in range(n) if j != i], [S[j, i].item() for j in range(n) if j != i]):
            costs = [margin - S[i, i].item() + other for other in others]
            soft += softness * math.log(1 + sum(math.exp(min(700, cost / softness)) for cost in costs)) / n
            hardest += max(0.0, *costs) / n
    found = ranking_loss(S, margin, softness).item()
    if softness == 0.01:
        assert found == pytest.approx(hardest, rel=0.01)
    else:
        assert found == pytest.approx(soft, rel=1e-5)
        assert found > hardest


def test_recalls_are_counted_as_by_sorting():
    S, owners = random(12, 60), torch.arange(12).repeat_interleave(5)
    found = recalls(S, owners)
    for k in (1, 5, 10):
        photos = [any(owners[j] == i for j in S[i].argsort(descending=True)[:k]) for i in range(12)]
        sentences = [owners[j] in S[:, j].argsort(descending=True)[:k] for j in range(60)]
        assert found[f"R@{k}, photo to sentence"] == pytest.approx(100 * sum(photos) / 12)
        assert found[f"R@{k}, sentence to photo"] == pytest.approx(100 * sum(sentences) / 60)
    assert found["R@10"] == (found["R@10, photo to sentence"] + found["R@10, sentence to photo"]) / 2


def test_what_fits_equally_well_is_found_by_chance_only_and_a_shared_sentence_for_both_photos():
    alike = recalls(torch.zeros(100, 500), torch.arange(100).repeat_interleave(5))
    assert {alike[key] for key in alike if key != "n"} == {0}
    S = torch.eye(2).repeat_interleave(2, 1)  # two photos, two sentences each
    S[:, 1] = S[:, 3] = 2.0  # the same sentence below both
    shared = recalls(S, torch.tensor([0, 0, 1, 1]))
    assert shared["R@1, photo to sentence"] == shared["R@1, sentence to photo"] == 100


def test_every_sentence_of_a_photo_is_learned_from_and_measured_and_words_fall_out(monkeypatch: pytest.MonkeyPatch):
    model = MDAN(words=[f"word{k}" for k in range(20)], channels=6, lost=0.3, **SIZES)
    sentences = [[torch.tensor([2 + 5 * photo + k] * 4) for k in range(5)] for photo in range(3)]
    batch = {"features": random(3, 6, 2, 2).abs(), "sentences": sentences, "generator": seeded(0, "loss")}
    read: list[Tensor] = []
    z_u = model.z_u
    monkeypatch.setattr(model, "z_u", lambda words, *rest: read.append(words) or z_u(words, *rest))
    for _ in range(60):
        assert model.loss(batch)["loss"].isfinite()
    drawn = torch.stack(read)  # (60, 3, 4)
    for photo in range(3):
        assert set(drawn[:, photo].unique().tolist()) == {UNKNOWN, *range(2 + 5 * photo, 7 + 5 * photo)}
    assert (drawn == UNKNOWN).float().mean().item() == pytest.approx(0.3, abs=0.05)
    read.clear()
    found = evaluate_recall(model.eval(), [batch])
    assert [len(words) for words in read] == [5, 5, 5]
    assert found["n"] == 3


def test_similarities_that_are_no_numbers_are_not_measured():
    with pytest.raises(ValueError, match="must be finite"):
        recalls(torch.full((3, 6), torch.nan), torch.arange(3).repeat_interleave(2))


# ------------------------------------------------------------------ words


def test_words_are_found_in_sentences_of_all_kinds():
    assert tokens("A dog's ball -- two DOGS, 3 cats_on a T-shirt!") == [
        *("a", "dog's", "ball", "two", "dogs", "3", "cats", "on", "a", "t", "shirt")
    ]
    assert tokens("<b>개 한 마리</b>") == ["b", "개", "한", "마리", "b"]
    assert tokens(" ?! 🙂 ") == []


def test_a_vocabulary_numbers_words_and_says_which_it_does_not_have():
    found = vocabulary(["a dog", "A cat.", "a dog"], least=2)
    assert found == ["a", "dog"]
    known = Vocabulary(found)
    assert len(known) == 4
    assert known.numbers(tokens("The dog, a dog")).tolist() == [UNKNOWN, 3, 2, 3]
    assert known.unknown(tokens("the cat, the dog")) == ["the", "cat"]
    words, lengths = padded([torch.tensor([3]), torch.tensor([2, 3])])
    assert (words.tolist(), lengths.tolist()) == ([[3, PADDING], [2, 3]], [1, 2])


@pytest.mark.parametrize(
    ("sentence", "words"),
    [("", "no word"), ("🙂", "no word"), ("dog " * 2_500, "10,000 characters"), (None, "NoneType")],
)
def test_a_sentence_that_cannot_be_read_is_refused(sentence: str, words: str):
    with pytest.raises(ValueError, match=words):
        checked(sentence)


def test_a_sentence_without_a_known_word_is_refused_by_name():
    model = MDAN(words=["a", "dog"], **SIZES)
    words, lengths = model.numbered(["a zebra", "dog"])
    assert (words.tolist(), lengths.tolist()) == ([[2, UNKNOWN], [3, PADDING]], [2, 1])
    with pytest.raises(ValueError, match="zebras, run"):
        model.numbered(["a dog", "zebras run, zebras"])
