"""The one place that turns a name into verified tensors: the local folder first, then the Hub.

    python -m core.weights check                       # verify every file in weights/ against its card
    python -m core.weights push --repo user/name       # upload the folder; prints the revision to pin

A model's weights are NAME.safetensors, with NAME.json, its card, beside it. Nothing is ever unpickled: a
safetensors file holds numbers only, and it is read only after its sha256 is the one that the card names.
Where a model has something to look at, NAME.webp holds it at moments of its training, side by side.
Numbers are stored in 8 bits in large files and in 16 in others, where the model's probe does not notice.
Files that are not in the folder come from the Hub repository in GLIMPSE_WEIGHTS_REPO, "user/name@revision".
"""

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from core.recipe import Borrows, declares

FOLDER = Path(__file__).resolve().parent.parent / "weights"
PROBE_TOLERANCE = 1e-2  # of each number, or absolute; half precision and other processors stay well inside
LARGE = 4 * 2**20  # bytes in half precision, from which on a file is worth 8 bits
BLOCK = 32  # numbers that share a scale where they are stored in 8 bits
SCALES = ":scales"  # after a tensor's name: of its blocks


class WeightsError(RuntimeError):
    """Weights are missing or not the ones their card describes; the message says which and what to do."""


def card(name: str) -> dict[str, Any]:
    """The card of the weights called name, or WeightsError."""
    path = find(f"{name}.json")
    try:
        found = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise WeightsError(f"the card of '{name}' ({path.name}) is not readable JSON; restore it from git")
    return found


def refuse(constant: str) -> None:
    """NaN and Infinity are no JSON, though Python reads them."""
    raise ValueError(f"{constant} is no number")


def read(name: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The card and the tensors of a name, the bytes verified against the card's sha256, or WeightsError."""
    found = card(name)
    path = find(f"{name}.safetensors")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != found.get("sha256"):
        raise WeightsError(
            f"the weights of '{name}' ({path.name}, {len(content):,} bytes) are not the file its card describes "
            f"({found.get('bytes')} bytes, another sha256); restore the file or train it again"
        )
    try:
        tensors = unpacked(safetensors.torch.load(content))
    except (SafetensorError, KeyError, RuntimeError):
        raise WeightsError(f"the weights of '{name}' ({path.name}) are not a safetensors file") from None
    if broken := not_finite(tensors):
        raise WeightsError(f"the weights of '{name}' ({path.name}) hold numbers that are not finite, in {broken}")
    return found, tensors


def find(file: str) -> Path:
    """Where a file of weights/ is: in the folder, or in the Hub's cache after a download. Or WeightsError."""
    if (FOLDER / file).is_file():
        return FOLDER / file
    repo, _, revision = os.environ.get("GLIMPSE_WEIGHTS_REPO", "").partition("@")
    name = file.rsplit(".", 1)[0]
    if not repo:
        raise WeightsError(
            f"'{name}' has no weights here ({file} is not in weights/); "
            f"train it with `python -m core.train {name}`, or set GLIMPSE_WEIGHTS_REPO=user/name@revision"
        )
    if not revision:
        raise WeightsError(f"GLIMPSE_WEIGHTS_REPO must pin a revision, as user/name@revision, got {repo!r}")
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(repo, file, revision=revision))
    except Exception as problem:  # whatever the network or the Hub came up with, the app goes on without this model
        kind = type(problem).__name__
        raise WeightsError(
            f"{file} is not in weights/ and could not be fetched from {repo} on the Hub ({kind})"
        ) from problem


def sheets(name: str) -> tuple[list[int], bytes] | None:
    """The steps and the bytes of NAME.webp, verified against the card; None where the card has none. WeightsError."""
    history = card(name).get("history")
    found = history.get("sheets") if isinstance(history, dict) else None
    if found is None:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("steps"), list):
        raise WeightsError(f"the card of '{name}' does not say which pictures its training left; restore it from git")
    path = find(f"{name}.webp")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != found.get("sha256"):
        raise WeightsError(f"the pictures of '{name}' ({path.name}) are not the file its card describes; restore it")
    return found["steps"], content


def own_state(model: nn.Module) -> dict[str, Tensor]:
    """The state of a model without the parts that it borrows from a package."""
    borrowed = tuple(f"{part}." for part in borrowed_by(model))
    return {key: tensor for key, tensor in model.state_dict().items() if not key.startswith(borrowed)}


def borrowed_by(model: nn.Module) -> dict[str, str]:
    return model.borrowed if declares(model, Borrows) else {}


def put(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Load what `own_state` gave, in the model's own precision. RuntimeError where a tensor is missing or unknown."""
    state = model.state_dict()
    mine = own_state(model)
    borrowed = {key: tensor for key, tensor in state.items() if key not in mine}
    own = {key: tensor.to(getattr(state.get(key), "dtype", None)) for key, tensor in tensors.items()}
    model.load_state_dict(borrowed | own)


def save(
    name: str, model: nn.Module, details: dict[str, Any], folder: Path, film: tuple[list[int], bytes] | None = None
) -> dict[str, Any]:
    """Write NAME.safetensors, NAME.json and where there is a film NAME.webp; returns the card.

    The model keeps the numbers as they are stored. film: the steps of its sheets, and the WebP that holds them.

    They are stored in the fewest bits in which the model's probe stays within PROBE_TOLERANCE. Raises WeightsError,
    and writes nothing, where a weight, the probe or a number of the card is not finite.
    """
    state = {key: tensor.detach().cpu().clone().contiguous() for key, tensor in own_state(model).items()}
    expected = model.probe()
    if broken := not_finite(state | {"the probe": expected}):
        raise WeightsError(f"'{name}' was not saved: {broken} holds numbers that are not finite")

    def unnoticed(stored: dict[str, Tensor]) -> bool:
        if not_finite(numbers := unpacked(stored)):  # half precision ends at 65,504
            return False
        put(model, numbers)
        return torch.allclose(model.probe(), expected, rtol=PROBE_TOLERANCE, atol=PROBE_TOLERANCE)

    precision, stored = next(way for way in packings(state) if unnoticed(way[1]))  # at the latest in single precision
    content = safetensors.torch.save(stored)
    result = {
        "name": name,
        **details,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "precision": precision,
        "parameters": sum(p.numel() for p in model.parameters()),
        **({"borrowed": borrowed_by(model)} if borrowed_by(model) else {}),
        "probe": {"output": [round(v, 4) for v in model.probe().tolist()], "tolerance": PROBE_TOLERANCE},
    }
    if film is not None:
        kept = {"steps": film[0], "sha256": hashlib.sha256(film[1]).hexdigest()}
        result["history"] = result.get("history", {}) | {"sheets": kept}
    card_text = as_json(result)
    folder.mkdir(parents=True, exist_ok=True)
    if film is not None:
        replace(folder / f"{name}.webp", film[1])
    replace(folder / f"{name}.safetensors", content)
    replace(folder / f"{name}.json", card_text)
    return result


def not_finite(state: dict[str, Tensor]) -> str | None:
    """The name of the first tensor that holds NaN or infinity."""
    return next((key for key, tensor in state.items() if not tensor.isfinite().all()), None)


def packings(state: dict[str, Tensor]) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Ways to store a state, smallest first, each with its name in the card."""
    halved = {key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in state.items()}
    if sum(tensor.nbytes for tensor in halved.values()) >= LARGE:
        packed = {}
        for key, tensor in state.items():
            if tensor.is_floating_point() and tensor.ndim > 1 and tensor.numel() % BLOCK == 0:
                packed[key], packed[key + SCALES] = in_8_bits(tensor)
            else:  # biases and norms are few, and every pixel feels them
                packed[key] = halved[key]
        yield "8 bits", packed
    yield "half", halved
    yield "single", state


def in_8_bits(tensor: Tensor) -> tuple[Tensor, Tensor]:
    """Whole numbers from -127 to 127 of a tensor's shape, and the scale of every BLOCK of them, in reading order."""
    blocks = tensor.float().reshape(-1, BLOCK)
    scales = (blocks.abs().amax(1) / 127).half()
    whole = torch.where(scales[:, None] > 0, blocks / scales[:, None].float(), 0).round().clamp(-127, 127)
    return whole.to(torch.int8).view_as(tensor), scales


def unpacked(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a file, those in 8 bits multiplied out."""
    return {
        key: (tensor.view(-1, BLOCK) * stored[key + SCALES][:, None].float()).view_as(tensor)
        if tensor.dtype == torch.int8
        else tensor
        for key, tensor in stored.items()
        if not key.endswith(SCALES)
    }


def write_card(content: dict[str, Any], folder: Path | None = None) -> None:
    replace((folder or FOLDER) / f"{content['name']}.json", as_json(content))


def as_json(content: dict[str, Any]) -> bytes:
    """A card as it is stored. WeightsError where a number in it is not finite."""
    try:
        return (json.dumps(content, indent=1, allow_nan=False) + "\n").encode("utf-8")
    except ValueError as problem:
        raise WeightsError(f"the card of '{content['name']}' holds a number that is not finite") from problem


def replace(path: Path, content: bytes) -> None:
    """Write a file so that whoever reads it finds the old one or the new one, never half of it."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_bytes(content)
    os.replace(temporary, path)


def push(repo: str) -> str:
    """Upload the folder to a Hub model repository; returns the commit to pin."""
    from huggingface_hub import HfApi

    api = HfApi()
    api.create_repo(repo, exist_ok=True)
    return api.upload_folder(
        repo_id=repo,
        folder_path=FOLDER,
        allow_patterns=["*.safetensors", "*.json", "*.webp"],
        commit_message="Upload Glimpse's weights",
    ).oid


def check() -> list[str]:
    """What is wrong in the folder, a sentence for each file; empty where all is as the cards say."""
    problems, expected = [], set()
    for name in sorted(path.stem for path in FOLDER.glob("*.json")):
        expected |= {f"{name}.safetensors", f"{name}.webp"}
        try:
            read(name)
            if sheets(name) is None:
                expected.remove(f"{name}.webp")
        except WeightsError as problem:
            problems.append(str(problem))
    there = {path.name for path in FOLDER.glob("*") if path.suffix in (".safetensors", ".webp")}
    return problems + [
        f"{file} is named in no card; restore its card, or delete it" for file in sorted(there - expected)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="verify every file against its card")
    commands.add_parser("push", help="upload the folder to the Hub").add_argument("--repo", required=True)
    arguments = parser.parse_args()
    try:
        if arguments.command == "push":
            print(f"GLIMPSE_WEIGHTS_REPO={arguments.repo}@{push(arguments.repo)}")
        else:
            problems = check()
            print("\n".join(problems) or f"{len(list(FOLDER.glob('*.json')))} models, all as their cards say")
            sys.exit(bool(problems))
    except (WeightsError, OSError) as problem:
        sys.exit(f"core.weights: {problem}")


if __name__ == "__main__":
    main()
