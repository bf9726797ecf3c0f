"""The whole check on a GPU (`make gpu`): tests, lessons and benchmark, and a report of what was run on which card."""

from __future__ import annotations

import datetime
import json
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from minigrad.comparison import gpu

OUT = Path("out/gpu")
PARTS = {
    "Tests": ["pytest", "-m", "cuda", "-n", "8"],
    "Speed": ["benchmarks.gpu", "--out", str(OUT)],
    "Lessons against torch on CUDA": ["comparisons", "--device", "cuda", "--out", str(OUT / "lessons")],
}
"""What is run, each with `python -m`."""


def main() -> int:
    reason = gpu.missing()
    if reason:
        print(f"make gpu: nothing was run, there is no GPU for both engines: {reason}")
        return 2
    OUT.mkdir(parents=True, exist_ok=True)
    results = []
    for title, words in PARTS.items():
        results.append((title, *run(title, words)))
        report = written(gpu.card(), datetime.datetime.now(datetime.UTC), results)
        (OUT / "report.md").write_text(report, encoding="utf-8")
    print(f"The report is in {OUT / 'report.md'}")
    return 1 if any(status for _, _, status, _, _ in results) else 0


def run(title: str, words: list[str]) -> tuple[str, int, float, str]:
    """Run one part: the command, its exit status, its seconds and what it printed, which is shown as it comes."""
    command = [sys.executable, "-m", *words]
    print(f"\n{title}: {' '.join(command)}", flush=True)
    began, lines = time.monotonic(), []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        lines.append(line)
    return f"python -m {' '.join(words)}", process.wait(), time.monotonic() - began, "".join(lines)


def written(card: dict[str, Any], when: datetime.datetime, results: list[tuple[str, str, int, float, str]]) -> str:
    """The report in Markdown."""
    lines = [
        "# minigrad on a GPU",
        "",
        f"{card['name']}, {when:%d %B %Y %H:%M} UTC, Python {platform.python_version()}, {platform.platform()}",
        "",
        "```",
        json.dumps(card, indent=1),
        "```",
        "",
        "| part | command | result | minutes |",
        "|---|---|---|---|",
    ]
    for title, command, status, seconds, _ in results:
        result = "passed" if status == 0 else f"FAILED (exit status {status})"
        lines.append(f"| {title} | `{command}` | {result} | {seconds / 60:.1f} |")
    for title, _, _, _, printed in results:
        lines += ["", f"## {title}", "", "```", printed.rstrip(), "```"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
