#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lint_test.py RTL_FOLDER VERILATOR: the array and its observation wrapper are free of lint for many parameters."""
import itertools
import pathlib
import subprocess
import sys

SIZES = [(1, 1), (1, 6), (6, 1), (2, 3), (5, 7), (16, 8)]


def main():
    folder, verilator = pathlib.Path(sys.argv[1]), sys.argv[2]
    failures, runs = 0, 0
    for (rows, cols), banks, fuse in itertools.product(SIZES, (1, 2), (0, 1)):
        # Stages are read with FuSe links only; cols - 1 is the most there can be.
        for stages in sorted({0, 1 if cols > 1 else 0, cols - 1} if fuse else {0}):
            for top, observe in (("systolic_array", None), ("systolic_array_observed", 1), ("systolic_array_observed", 0)):
                if top != "systolic_array" and (rows, cols) not in ((2, 3), (1, 1)):
                    continue
                parameters = {"ROWS": rows, "COLS": cols, "BANKS": banks, "FUSE": fuse, "STAGES": stages}
                if observe is not None:
                    parameters["OBSERVE"] = observe
                command = [verilator, "--lint-only", "-Wall", "--assert", "--top-module", top, "-y", str(folder)]
                command += [f"-G{name}={value}" for name, value in parameters.items()]
                result = subprocess.run(command + [str(folder / f"{top}.sv")], capture_output=True, text=True)
                runs += 1
                if result.returncode != 0 or result.stderr.strip():
                    failures += 1
                    print(f"{top} {parameters}:\n{result.stderr}")
    print(f"{runs} configurations, {failures} with findings")
    sys.exit(1 if failures else 0)


main()
