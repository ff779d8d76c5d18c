"""The one place that turns a name into verified tensors: the local folder first, then the Hub.

    python -m core.weights check                       # verify every file in weights/ against its card
    python -m core.weights push --repo user/name       # upload the folder; prints the revision to pin

A model's weights are NAME.safetensors, with NAME.json, its card, beside it. Nothing is ever unpickled: a
safetensors file holds numbers only, and it is read only after its sha256 is the one that the card names.
Files that are not in the folder come from the Hub repository in GLIMPSE_WEIGHTS_REPO, "user/name@revision".
"""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

FOLDER = Path(__file__).resolve().parent.parent / "weights"
PROBE_TOLERANCE = 1e-2  # of each number, or absolute; half precision and other processors stay well inside


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
        return found, safetensors.torch.load(content)
    except SafetensorError:
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
    """Write NAME.safetensors and NAME.json; returns the card.

    Numbers are stored in half precision where the model's probe does not notice, else as they are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {key: tensor.detach().cpu().clone().contiguous() for key, tensor in model.state_dict().items()}
    expected = model.probe()
    halved = {key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in state.items()}
    model.load_state_dict({key: tensor.to(state[key].dtype) for key, tensor in halved.items()})
    if torch.allclose(model.probe(), expected, rtol=PROBE_TOLERANCE, atol=PROBE_TOLERANCE):
        stored = halved
    else:
        stored = state
        model.load_state_dict(state)
    content = safetensors.torch.save(stored)
    result = {
        "name": name,
        **details,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "precision": "half" if stored is halved else "single",
        "parameters": sum(p.numel() for p in model.parameters()),
        "probe": {"output": [round(v, 4) for v in model.probe().tolist()], "tolerance": PROBE_TOLERANCE},
    }
    replace(folder / f"{name}.safetensors", content)
    write_card(result, folder)
    return result


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
