"""Measuring: where a card's metrics come from, and the results table in the README.

python -m core.evaluate draw-mnist --data data            # prints JSON
python -m core.evaluate draw-mnist --data data --write    # and puts it in the card
python -m core.evaluate --table                           # writes the README's table from the cards
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from core import data, weights, zoo

README = Path(__file__).resolve().parent.parent / "README.md"
TABLE_START, TABLE_END = "<!-- results: python -m core.evaluate --table -->", "<!-- end of results -->"


def evaluate(name: str, root: str | Path, batch_size: int = 500) -> dict[str, Any]:
    """The metrics of a model's shipped weights on its held-out data, with split, n and the seconds it took.

    On the processor: each measure draws its noise from a generator there, and so gets the same on every machine.
    """
    recipe = zoo.recipe(name)
    model, *judges = (zoo.load(each) for each in (name, *recipe.judges))
    test = data.load(recipe.data, root, "test")
    started = time.perf_counter()
    metrics = recipe.evaluate(model, test.batches(batch_size), *judges)
    return metrics | {"split": "test", "seconds": round(time.perf_counter() - started, 1)}


def results(*, strict: bool = True) -> list[dict[str, Any]]:
    """One row for every model whose card has metrics: what was measured, beside what the paper reports.

    strict: stop with WeightsError at a card that is not whole; else its row is left out.
    """
    rows = []
    for name, recipe in zoo.RECIPES.items():
        if not (weights.FOLDER / f"{name}.json").is_file():
            continue
        try:
            found = zoo.card(name)
        except weights.WeightsError:
            if strict:
                raise
            continue
        if found["metrics"]:
            training, metrics = found["training"], found["metrics"]
            rows.append(
                {
                    "model": name,
                    "measured": metrics[recipe.metric],
                    "paper": found["reported"].get(recipe.metric),
                    "unit": recipe.unit,
                    "n": metrics["n"],
                    "steps": training["steps"],
                    "minutes": training["seconds"] / 60,
                    "device": f"{training['threads']} × {training['device']}",
                    "MB": found["bytes"] / 1e6,
                }
            )
    return rows


def table(*, strict: bool = True) -> str:
    """The results as a Markdown table. strict: see `results`."""
    lines = [
        "| weights | measured | in the paper | held-out examples | trained for | size |",
        "|---|---:|---:|---:|---|---:|",
    ]
    for row in results(strict=strict):
        paper = "–" if row["paper"] is None else f"{row['paper']:.2f}"
        unit = row["unit"] if row["unit"].startswith("%") else f" {row['unit']}"
        minutes = f"{row['minutes']:.0f}" if row["minutes"] >= 0.5 else "under 1"
        size = f"{row['MB']:.1f}" if row["MB"] >= 0.05 else "under 0.1"
        lines.append(
            f"| `{row['model']}` | {row['measured']:.2f}{unit} | {paper} | {row['n']:,} | "
            f"{row['steps']:,} steps, {minutes} min on {row['device']} | {size} MB |"
        )
    return "\n".join(lines)


def write_table() -> None:
    """Put the table between its two marks in the README."""
    before, rest = README.read_text(encoding="utf-8").split(TABLE_START)
    after = rest.split(TABLE_END)[1]
    weights.replace(README, f"{before}{TABLE_START}\n{table()}\n{TABLE_END}{after}".encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="models to measure: " + ", ".join(zoo.names()))
    parser.add_argument("--data", type=Path, default=Path("data"), help="the folder that holds the datasets")
    parser.add_argument("--write", action="store_true", help="put the metrics into the card")
    parser.add_argument("--table", action="store_true", help="write the README's table from the cards")
    options = parser.parse_args()
    try:
        for name in options.names:
            metrics = evaluate(name, options.data)
            print(json.dumps({name: metrics}, indent=1))
            if options.write:
                weights.write_card(zoo.card(name) | {"metrics": metrics, "reported": zoo.recipe(name).reported})
        if options.table:
            write_table()
    except (ValueError, FileNotFoundError, weights.WeightsError) as problem:
        sys.exit(f"core.evaluate: {problem}")


if __name__ == "__main__":
    main()
