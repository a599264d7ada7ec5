#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fused_synthesis_test.py RTL_FOLDER YOSYS: Yosys reads the fused block in both modes and finds neither latches nor
loops nor signals with two drivers. Prints the bits of its registers and memories."""
import pathlib
import re
import subprocess
import sys

PARAMETERS = {"TILE_ROWS": 2, "TILE_COLUMNS": 3, "LANES": 3, "TILE_BYTES": 24, "MASK_CHANNELS": 4, "MASK_POSITIONS": 8}
NOT_SYNTHESISABLE = "fused_block_observed.sv"  # The simulation's view.


def main():
    folder, yosys = pathlib.Path(sys.argv[1]), sys.argv[2]
    sources = " ".join(str(p) for p in sorted(folder.glob("*.sv")) if p.name != NOT_SYNTHESISABLE)
    for mode in (0, 1):
        chparam = " ".join(f"-chparam {name} {value}" for name, value in {**PARAMETERS, "MODE": mode}.items())
        script = (f"read_verilog -sv -D SYNTHESIS {sources}; hierarchy -check -top fused_block {chparam}; proc; opt; "
                  "select -assert-none t:$dlatch t:$adlatch t:$dlatchsr; check -assert; stat -width")
        result = subprocess.run([yosys, "-p", script], capture_output=True, text=True)
        if result.returncode != 0:
            sys.exit(f"yosys failed with MODE={mode}:\n{result.stdout[-3000:]}{result.stderr}")
        design = result.stdout[result.stdout.rindex("design hierarchy"):]
        bits = sum(int(width) * int(count) for width, count in re.findall(r"\$s?dffe?_(\d+)\s+(\d+)", design))
        memory = int(re.search(r"Number of memory bits:\s+(\d+)", design).group(1))
        if bits == 0 or memory == 0:
            sys.exit(f"MODE={mode}: {bits} bits of registers, {memory} of memory:\n{design}")
        print(f"MODE={mode}: {bits} bits of registers, {memory} bits of memory")


main()
