// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

namespace fusesim::isa {

/// What validate(const Program&) throws: the message names the place already; `part` and `index` let the assembler add
/// the line it stands in.
class InvalidProgram : public std::invalid_argument {
 public:
  /// `array` also stands for the whole machine; tensors belong to array programs, sections to machine programs.
  enum class Part { array, network, layer, tensor, section, instruction };
  InvalidProgram(Part where, std::size_t at, const std::string& message)
      : std::invalid_argument(message), part(where), index(at) {}
  Part part;
  std::size_t index;  ///< Of the layer, tensor, section or instruction; 0 otherwise.
};

}  // namespace fusesim::isa
