// SPDX-License-Identifier: Apache-2.0
#include "hw/array/values/instruction_set.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "hw/array/values/kernels.h"

namespace fusesim::array::values {
namespace {

constexpr std::array all_sets = {InstructionSet::portable, InstructionSet::avx2, InstructionSet::avx512,
                                 InstructionSet::avx512_vnni};

std::string joined_names(const auto& sets) {
  std::string text;
  for (const InstructionSet set : sets) text += (text.empty() ? "" : ", ") + std::string(name(set));
  return text;
}

bool processor_has([[maybe_unused]] InstructionSet set) {
#ifdef FUSESIM_X86_KERNELS
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  switch (set) {
    case InstructionSet::portable:
      return true;
    case InstructionSet::avx2:
      return __builtin_cpu_supports("avx2");
    case InstructionSet::avx512:
      return avx512;
    case InstructionSet::avx512_vnni:
      return avx512 && __builtin_cpu_supports("avx512vnni");
  }
  return false;
#else
  return set == InstructionSet::portable;
#endif
}

InstructionSet choose() {
  const std::vector<InstructionSet> available = available_instruction_sets();
  const char* wanted = std::getenv("FUSESIM_INSTRUCTION_SET");
  if (wanted == nullptr || *wanted == '\0') return available.back();
  InstructionSet set;
  try {
    set = parse_instruction_set(wanted);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(std::string("environment variable FUSESIM_INSTRUCTION_SET: ") + error.what());
  }
  if (std::find(available.begin(), available.end(), set) == available.end())
    throw std::invalid_argument(std::string("environment variable FUSESIM_INSTRUCTION_SET: this processor lacks '") +
                                wanted + "'; it has " + joined_names(available));
  return set;
}

}  // namespace

const char* name(InstructionSet set) {
  switch (set) {
    case InstructionSet::portable:
      return "portable";
    case InstructionSet::avx2:
      return "avx2";
    case InstructionSet::avx512:
      return "avx512";
    case InstructionSet::avx512_vnni:
      return "avx512_vnni";
  }
  return "unknown";
}

InstructionSet parse_instruction_set(std::string_view text) {
  for (const InstructionSet set : all_sets)
    if (text == name(set)) return set;
  throw std::invalid_argument("unknown instruction set '" + std::string(text) + "'; one of " + joined_names(all_sets));
}

std::vector<InstructionSet> available_instruction_sets() {
  std::vector<InstructionSet> available;
  for (const InstructionSet set : all_sets)
    if (processor_has(set)) available.push_back(set);
  return available;
}

InstructionSet default_instruction_set() {
  static const InstructionSet chosen = choose();
  return chosen;
}

}  // namespace fusesim::array::values
