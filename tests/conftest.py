"""What several test files share: the running app, and small datasets in the layout of their public downloads."""

import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from PIL import Image

from core import data
from tests.browser import close_chromium, free_port

if TYPE_CHECKING:
    from tests.widgets_page import Widgets

torch.set_num_threads(1)  # the same sums on every machine, and no threads that fight over few cores


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser tests of a file stay together. They are dealt out first, and all others fill what time is left."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group(f"browser-{item.path.stem}"))


def pytest_sessionfinish() -> None:
    """Close the browser, and let handlers end that still work for its pages.

    A thread that is inside PyTorch when Python ends takes the process with it: "terminate called without an active
    exception".
    """
    close_chromium()
    until = time.monotonic() + 60
    for thread in threading.enumerate():
        if thread.name == "AnyIO worker thread":
            thread.join(max(0, until - time.monotonic()))


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """The address of the app, started once in each of pytest's processes that needs it."""
    import app

    _, local, _ = app.demo.launch(prevent_thread_lock=True, quiet=True, server_port=free_port(), **app.LAUNCH)
    yield local
    app.demo.close()


@pytest.fixture(scope="session")
def served_widgets() -> Iterator["Widgets"]:
    """A page with the widgets alone, started once."""
    from tests.widgets_page import serve

    yield from serve()


@pytest.fixture
def widgets(served_widgets: "Widgets") -> "Widgets":
    """The same page, with nothing heard from it yet."""
    for heard in (served_widgets.drawings, served_widgets.by_hand, served_widgets.stops, served_widgets.plans):
        heard.clear()
    return served_widgets


def write_idx(path: Path, array: np.ndarray) -> None:
    """The format of MNIST's files: two zeros, 8 for bytes, the number of axes, their lengths, the bytes."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def fake_digits(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Grey blobs in place of digits: bytes (n, 28, 28), a margin of four empty pixels as in MNIST, and labels."""
    random = np.random.default_rng(seed)
    images = np.zeros((n, 28, 28), np.uint8)
    images[:, 4:24, 4:24] = random.integers(0, 256, (n, 20, 20))
    return images, random.integers(0, 10, n)


@pytest.fixture(scope="session")
def mnist_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with 230 training and 130 test pictures where torchvision looks for MNIST."""
    root = tmp_path_factory.mktemp("data")
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for split, n, seed in (("train", 230, 0), ("t10k", 130, 1)):
        images, labels = fake_digits(n, seed)
        write_idx(raw / f"{split}-images-idx3-ubyte", images)
        write_idx(raw / f"{split}-labels-idx1-ubyte", labels)
    return root


@pytest.fixture(scope="session")
def cifar_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with CIFAR-10's training pictures as JPEGs: three classes of 11 pictures, each of its own grey.

    A uniform grey survives JPEG exactly, so that a picture's colour says which one it is.
    """
    root = tmp_path_factory.mktemp("data")
    for label, name in enumerate(("airplane", "frog", "truck")):
        folder = root / "cifar10" / "train" / name
        folder.mkdir(parents=True)
        for i in range(11):
            Image.new("RGB", (32, 32), (5 * (11 * label + i),) * 3).save(folder / f"{i:05}.jpg")
    return root


@pytest.fixture
def small_set() -> data.Dataset:
    """50 grey pictures of 8 x 8 in memory; every batch is binarised anew."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (50, 1, 8, 8), generator=generator).byte()
    labels = torch.randint(0, 10, (50,), generator=generator)
    return data.Pictures(images, labels, "made here", "none", data.binarised)
