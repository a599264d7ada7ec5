#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mutate.py MUTANTS.json NAME RTL_FOLDER OUT_FOLDER: copies the SystemVerilog with one fault planted in it.

The text to replace must occur exactly once: a fault that no longer applies stops the build instead of silently testing
the healthy design.
"""
import json
import pathlib
import sys


def main():
    mutants, name, source, out = sys.argv[1:]
    mutant = next(m for m in json.loads(pathlib.Path(mutants).read_text()) if m["name"] == name)
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted(pathlib.Path(source).glob("*.sv")):
        text = path.read_text()
        if path.name == mutant["file"]:
            found = text.count(mutant["old"])
            if found != 1:
                sys.exit(f"mutant {name}: {path.name} holds the text to replace {found} times, not once; adapt {mutants}")
            text = text.replace(mutant["old"], mutant["new"])
        (out / path.name).write_text(text)


main()
