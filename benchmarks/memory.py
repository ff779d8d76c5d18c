"""What the app's memory does while visitors come and go: 900 mixed calls, each from a session of its own.

python -m benchmarks.memory --write     # about ten minutes on two cores that are free; writes benchmarks/memory.md
"""

import argparse
import itertools
import json
import os
import platform
import re
import secrets
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from urllib.request import Request, urlopen

from benchmarks.app import PORT, URL, wait_for_server

HERE = Path(__file__).resolve().parent
CALLS, EVERY = 900, 50
MOST_MB, MOST_GROWTH = 1200, 5  # of all, and per cent between call 300 and the last one
VARIANTS = ("gan", "dcgan", "lsgan", "wgan-gp", "began", "cgan", "acgan", "dragan")


def mixed() -> list[tuple[str, list[object]]]:
    """Names of the API and their arguments: each family of models, each kind of work, heavy and light."""
    draw = [("draw_generate", [model, "{k}", False]) for model in ("draw-mnist", "draw-twodigits", "draw-cifar10")]
    draw += [("draw_reconstruct", ["draw-mnist", "", "{k}", True]), ("draw_classify", ["", "{k}"])]
    draw += [("draw_attend", [photo, 50, 45, 4, 2, 1, 12, "{k}"]) for photo in ("flower", "china", "clutter")]
    kinds = ("shoes", "bags", "facades")
    pix2pix = [(f"pix2pix_{what}", [f"pix2pix-{kind}", "", show, "{k}", ""]) for kind in kinds
               for what, show in [("translate", "photo"), ("translate", "judge"), ("translate", "noise")]]  # fmt: skip
    pix2pix += [("pix2pix_compare", ["", "{k}"])]
    gans = [("gan_samples", [variant, "mnist", 16, "{k}"]) for variant in VARIANTS]
    gans += [("gan_compare", [["dcgan", "began"], pictures, view, "{k}"])
             for pictures in ("mnist", "shoes") for view in ("samples", "walk", "training")]  # fmt: skip
    gans += [("gan_critic", ["", "{k}"]), ("gan_race", ["ring", "gan", "wgan-gp", 10, 0.001, 1, 0.3, 64, "{k}"])]
    fgan = [("fgan_table", []), ("fgan_fit", ["kl", "single step", 0.33, -1, 0.255, 2, 1.415, 0, 1.5, None, "{k}"])]
    infogan = [("infogan_generate", [3, 0.5, -0.5, "{k}", model])
               for model in ("infogan-mnist", "infogan-fashion", "infogan-mnist-unrewarded")]  # fmt: skip
    infogan += [("infogan_infer", [""])]
    pixels = [("pixels_generate", [f"{model}-mnist", 16, 1, "{k}"])
              for model in ("pixelcnn", "rowlstm", "diagbilstm", "multiscale")]  # fmt: skip
    pixels += [("pixels_complete", ["", "rowlstm-mnist", "bottom", 50, "", 4, 1, "{k}"])]
    pixels += [("pixels_score", ["", "{k}"]), ("pixels_receptive_field", [14, 14, "", "{k}"])]
    asked = ("cat", "what color is the cat?")
    vqa = [("vqa_answer", [*asked, "rdan", ""]), ("vqa_compare", [*asked])]
    matching = [
        ("match_text_to_images", ["a dog runs through the snow", None]),
        ("match_image_to_texts", ["a cat looking up", None]),
    ]
    return draw + pix2pix + gans + fgan + infogan + pixels + vqa + matching


def visit(indices: dict[str, int], name: str, arguments: list[object], k: int) -> None:
    """Open the page and make one call, as a new visitor. RuntimeError where it was not answered."""
    urlopen(URL).read()
    session = secrets.token_hex(8)
    data = [str(k) if value == "{k}" else value for value in arguments]
    call = json.dumps({"data": data, "fn_index": indices[name], "session_hash": session}).encode()
    urlopen(Request(f"{URL}gradio_api/queue/join", call, {"Content-Type": "application/json"})).read()
    with urlopen(f"{URL}gradio_api/queue/data?session_hash={session}") as stream:
        for line in stream:
            message = json.loads(line[5:]) if line.startswith(b"data:") else {}
            if message.get("msg") == "process_completed":
                if not message["success"]:
                    raise RuntimeError(f"{name}{data} failed: {message['output']}")
                return
    raise RuntimeError(f"{name}{data} was not answered")


def resident(process: int) -> float:
    """Memory of a process in MB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024 / 1e6


def measure(calls: int) -> dict[int, float]:
    """MB after so many calls, from 0 on."""
    server = subprocess.Popen(
        [sys.executable, HERE.parent / "app.py"],
        env=os.environ | {"GRADIO_SERVER_PORT": str(PORT)},
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for_server(server)
        time.sleep(5)
        config = json.load(urlopen(f"{URL}config"))
        indices = {d["api_name"]: d["id"] for d in config["dependencies"]}
        curve = {0: resident(server.pid)}
        for k, (name, arguments) in zip(range(1, calls + 1), itertools.cycle(mixed()), strict=False):
            visit(indices, name, arguments, k)
            if k % EVERY == 0:
                curve[k] = resident(server.pid)
                print(f"call {k}: {curve[k]:.0f} MB", flush=True)
        return curve
    finally:
        server.terminate()
        server.wait()


def report(curve: dict[int, float]) -> str:
    """The curve as a page, with a bar for every 25 MB."""
    last = max(curve)
    growth = 100 * (curve[last] / curve[300] - 1) if 300 in curve else float("nan")
    lines = [f"| {k} | {mb:.0f} | {'█' * round(mb / 25)} |" for k, mb in curve.items()]
    return "\n".join(
        [
            "# Memory",
            "",
            f"Written by `python -m benchmarks.memory --write`, {date.today()}, Python {platform.python_version()}:",
            f"{last} calls of {len(mixed())} kinds through the API, each in a new session that first opened the page.",
            "",
            f"Between call 300 and call {last} it grew by {growth:.1f} %.",
            "",
            "| calls | MB | |",
            "|---:|---:|---|",
            *lines,
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--write", action="store_true", help="put the curve into benchmarks/memory.md")
    options = parser.parse_args()
    curve = measure(options.calls)
    page = report(curve)
    print(page)
    if options.write:
        (HERE / "memory.md").write_text(page, encoding="utf-8")
    if max(curve.values()) > MOST_MB or (300 in curve and curve[max(curve)] > (1 + MOST_GROWTH / 100) * curve[300]):
        sys.exit(f"more than {MOST_MB} MB, or {MOST_GROWTH} % more than after 300 calls")


if __name__ == "__main__":
    main()
