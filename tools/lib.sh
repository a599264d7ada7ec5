# SPDX-License-Identifier: Apache-2.0
# What the scripts of this folder share. To be sourced by bash: stops the script at the first error and moves to the
# root of the repository, so that a script can be started from anywhere.
# shellcheck shell=bash
set -euo pipefail
script_name=${0##*/}
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
cd -- "$root"
export LC_ALL=C.UTF-8

say() { printf '== %s\n' "$*"; }

fail() {
  printf '%s: %s\n' "$script_name" "$*" >&2
  exit 1
}

# Compilers to run at once: one a core, but no more than memory holds (a Verilated array needs about 1.5 GB).
jobs() {
  local cores memory_kib by_memory
  cores=$(nproc)
  memory_kib=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
  by_memory=$((memory_kib / 1572864))
  ((by_memory >= 1)) || by_memory=1
  echo $((by_memory < cores ? by_memory : cores))
}

# build PRESET [TARGET...]: configures and builds; every target without one named.
build() {
  local preset=$1 target
  shift
  if [[ -e build && ! -w build ]] || [[ -e build/release && ! -w build/release ]]; then
    fail "build/ was made by another user; remove it, or run as that user"
  fi
  local targets=()
  for target in "$@"; do targets+=(--target "$target"); done
  say "configuring (preset $preset)"
  cmake --preset "$preset"
  say "building with $(jobs) compilers at once"
  cmake --build --preset "$preset" --parallel "$(jobs)" "${targets[@]}"
}
