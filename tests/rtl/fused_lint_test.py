#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fused_lint_test.py RTL_FOLDER VERILATOR: the fused block and its observation wrapper are free of lint for many
parameters, the smallest and odd ones among them."""
import pathlib
import subprocess
import sys

SMALLEST = {"TILE_ROWS": 1, "TILE_COLUMNS": 1, "LANES": 1, "ADDERS": 1, "QUEUE_DEPTH": 1, "ADDER_BITS": 8, "LADDERS": 1,
            "MASK_CHANNELS": 1, "MASK_POSITIONS": 1, "LEVEL_CHANNELS": 1, "TILE_BYTES": 1, "TILE_PORT_BYTES": 1,
            "OUTPUT_LANES": 1}
ODD = {"TILE_ROWS": 3, "TILE_COLUMNS": 5, "LANES": 5, "ADDERS": 3, "QUEUE_DEPTH": 7, "ADDER_BITS": 17, "LADDERS": 3,
       "MASK_CHANNELS": 33, "MASK_POSITIONS": 65, "LEVEL_CHANNELS": 9, "TILE_BYTES": 301, "TILE_PORT_BYTES": 7,
       "OUTPUT_LANES": 4}
WIDE = {"TILE_ROWS": 1, "TILE_COLUMNS": 6, "LANES": 12, "ADDERS": 12, "QUEUE_DEPTH": 40, "ADDER_BITS": 32, "LADDERS": 8,
        "MASK_CHANNELS": 4096, "MASK_POSITIONS": 80, "LEVEL_CHANNELS": 64, "TILE_BYTES": 4096, "TILE_PORT_BYTES": 32,
        "OUTPUT_LANES": 6}


def main():
    folder, verilator = pathlib.Path(sys.argv[1]), sys.argv[2]
    failures, runs = 0, 0
    for parameters in ({}, SMALLEST, ODD, WIDE):
        for mode in (0, 1):
            for top in ("fused_block", "fused_block_observed"):
                command = [verilator, "--lint-only", "-Wall", "--assert", "--top-module", top, "-y", str(folder)]
                command += [f"-G{name}={value}" for name, value in {**parameters, "MODE": mode}.items()]
                result = subprocess.run(command + [str(folder / f"{top}.sv")], capture_output=True, text=True)
                runs += 1
                if result.returncode != 0 or result.stderr.strip():
                    failures += 1
                    print(f"{top} MODE={mode} {parameters}:\n{result.stderr}")
    print(f"{runs} configurations, {failures} with findings")
    sys.exit(1 if failures else 0)


main()
