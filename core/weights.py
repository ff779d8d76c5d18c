"""The one place that turns a name into verified tensors: the local folder first, then the Hub.

    python -m core.weights check                       # verify every file in weights/ against its card
    python -m core.weights push --repo user/name       # upload the folder; prints the revision to pin

A model's weights are NAME.safetensors, with NAME.json, its card, beside it. Nothing is ever unpickled: a
safetensors file holds numbers only, and it is read only after its sha256 is the one that the card names.
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
        found = json.loads(path.read_text())
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise WeightsError(f"the card of '{name}' ({path.name}) is not readable JSON; restore it from git")
    return found


def read(name: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The card and the tensors of a name, the bytes verified against the card's sha256, or WeightsError."""
    found = card(name)
    path = find(f"{name}.safetensors")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != found.get("sha256"):
        raise WeightsError(
            f"the weights of '{name}' ({path.name}, {len(content):,} bytes) are not the file its card describes "
            f"({found.get('bytes', 0):,} bytes, another sha256); restore the file or train it again"
        )
    try:
        return found, unpacked(safetensors.torch.load(content))
    except (SafetensorError, KeyError, RuntimeError):
        raise WeightsError(f"the weights of '{name}' ({path.name}) are not a safetensors file") from None


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


def save(name: str, model: nn.Module, details: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Write NAME.safetensors and NAME.json; returns the card. The model keeps the numbers as they are stored.

    They are stored in the fewest bits in which the model's probe stays within PROBE_TOLERANCE.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {key: tensor.detach().cpu().clone().contiguous() for key, tensor in model.state_dict().items()}
    expected = model.probe()

    def unnoticed(stored: dict[str, Tensor]) -> bool:
        model.load_state_dict({key: tensor.to(state[key].dtype) for key, tensor in unpacked(stored).items()})
        return torch.allclose(model.probe(), expected, rtol=PROBE_TOLERANCE, atol=PROBE_TOLERANCE, equal_nan=True)

    precision, stored = next(way for way in packings(state) if unnoticed(way[1]))  # at the latest in single precision
    content = safetensors.torch.save(stored)
    result = {
        "name": name,
        **details,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "precision": precision,
        "parameters": sum(p.numel() for p in model.parameters()),
        "probe": {"output": [round(v, 4) for v in model.probe().tolist()], "tolerance": PROBE_TOLERANCE},
    }
    replace(folder / f"{name}.safetensors", content)
    write_card(result, folder)
    return result


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
    replace((folder or FOLDER) / f"{content['name']}.json", (json.dumps(content, indent=1) + "\n").encode())


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
    return api.upload_folder(repo_id=repo, folder_path=FOLDER, commit_message="Upload Glimpse's weights").oid


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
            for path in sorted(FOLDER.glob("*.json")):
                print(f"{path.stem}: {len(read(path.stem)[1])} tensors, as its card says")
    except (WeightsError, OSError) as problem:
        sys.exit(f"core.weights: {problem}")


if __name__ == "__main__":
    main()
