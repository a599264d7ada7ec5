#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""synthesis_test.py RTL_FOLDER YOSYS: what the FuSe links cost in cells and transistors, without wiring and buffers.

Synthesises a PE and a 4x4 array with and without FuSe links to gates and prints Yosys's count of CMOS transistors; reset
and enable of the registers are logic in front of plain flip-flops. Modules keep their boundaries.
"""
import pathlib
import re
import subprocess
import sys

# Generous: the multiplexer and the tap control add about a twentieth to a PE without any wiring.
PE_OVERHEAD_LIMIT = 10.0
ARRAY_OVERHEAD_LIMIT = 10.0
NOT_SYNTHESISABLE = "systolic_array_observed.sv"  # The simulation's view.

failures = []


def check(condition, text):
    if not condition:
        failures.append(text)


ARITHMETIC = "multiply_add"


def synthesise(yosys, folder, top, parameters):
    """Cells, flip-flops and transistors of `top` and all below it, and how many multiply-adds among them. Those are
    left out of the counts (unless they are `top`): Yosys maps one and the same multiplier a few per cent larger or
    smaller depending on what else it reads, which would hide the links."""
    sources = " ".join(str(p) for p in sorted(folder.glob("*.sv")) if p.name != NOT_SYNTHESISABLE)
    chparam = " ".join(f"-chparam {name} {value}" for name, value in parameters.items())
    leave_out = "" if top == ARITHMETIC else f"blackbox {ARITHMETIC}; "
    script = (f"read_verilog -sv -D SYNTHESIS {sources}; hierarchy -check -top {top} {chparam}; proc; opt; "
              "select -assert-none t:$dlatch t:$adlatch t:$dlatchsr t:$mem*; check -assert; "
              f"{leave_out}setattr -mod -set keep_hierarchy 1; synth -run coarse:; dfflegalize -cell $_DFF_P_ x; "
              "abc -g cmos; opt_clean; select -assert-none t:$_DLATCH_*; stat -tech cmos")
    result = subprocess.run([yosys, "-p", script], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"yosys failed on {top} {parameters}:\n{result.stdout[-3000:]}{result.stderr}")
    # The last statistics are those of the whole hierarchy when there is one.
    last = result.stdout[result.stdout.rindex("Number of cells:"):]

    def number(pattern):
        found = re.search(pattern, last)
        return int(found.group(1)) if found else 0

    arithmetic = number(rf"{ARITHMETIC}\s+(\d+)")
    return {"cells": number(r"Number of cells:\s+(\d+)") - arithmetic, "registers": number(r"\$_DFF_P_\s+(\d+)"),
            "transistors": number(r"Estimated number of transistors:\s+(\d+)"), "arithmetic": arithmetic}


def main():
    folder, yosys = pathlib.Path(sys.argv[1]), sys.argv[2]
    unit = synthesise(yosys, folder, ARITHMETIC, {})
    print(f"{'design':<28} {'cells':>8} {'registers':>10} {'transistors':>12} {'FuSe adds':>10}")
    for top, size, limit in (("pe", {}, PE_OVERHEAD_LIMIT), ("systolic_array", {"ROWS": 4, "COLS": 4}, ARRAY_OVERHEAD_LIMIT)):
        found, pes = {}, size.get("ROWS", 1) * size.get("COLS", 1)
        for fuse in (0, 1):
            design = found[fuse] = synthesise(yosys, folder, top, {**size, "FUSE": fuse})
            check(design["arithmetic"] == pes, f"{top}: {design['arithmetic']} multipliers for {pes} PEs")
            for count in ("cells", "transistors"):
                design[count] += pes * unit[count]
            overhead = 100.0 * (design["transistors"] / found[0]["transistors"] - 1)
            name = f"{top}{' 4x4' if size else ''}{', FuSe links' if fuse else ', plain'}"
            print(f"{name:<28} {design['cells']:>8} {design['registers']:>10} {design['transistors']:>12} "
                  f"{f'+{overhead:.2f} %' if fuse else '':>10}")
        # fv, ff and fb of each PE.
        added = found[1]["registers"] - found[0]["registers"]
        check(added == 3 * pes, f"{top}: expected {3 * pes} more registers, found {added}")
        check(found[1]["cells"] > found[0]["cells"], f"{top}: the FuSe links add no cells")
        check(0 < overhead < limit, f"{top}: the FuSe links cost {overhead:.2f} %, outside 0 to {limit} %")
    if failures:
        sys.exit("\n".join(failures))


main()
