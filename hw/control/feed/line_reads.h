// SPDX-License-Identifier: Apache-2.0
// The activations of the FuSe wires: every feeder streams lines of its row task, all at the same place on their lines.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/control/feed/edge_cost.h"
#include "hw/control/fold_plan.h"
#include "hw/isa/machine/program.h"

namespace fusesim::control {

class LineReads {
 public:
  LineReads(const isa::machine::Compute& compute, const FoldPlan& plan, const isa::machine::ScratchpadConfig& pad,
            std::uint32_t feeders);

  /// Fixes the columns of the folds that follow: `cols` of them from position `col_base` on the line.
  void set_columns(std::uint64_t col_base, std::uint32_t cols);
  /// Row tasks first ... first + count - 1.
  [[nodiscard]] EdgeCost cost(std::uint64_t first, std::uint32_t count);
  /// Where in a word the plane of a row task lies. Folds whose first tasks lie equally far into their channel and whose
  /// planes lie equally in a word cost the same, with the same number of tasks.
  [[nodiscard]] std::uint32_t place(std::uint64_t task) const;

 private:
  /// A cycle of the stream of one line: which line of the task, and how many bytes into it.
  struct Step {
    std::int64_t line = 0;
    std::int64_t byte = 0;
    enum class Kind : std::uint8_t {
      padding,  ///< Nobody reads.
      jump,     ///< Another place.
      shift,    ///< A step down the same line from where the cycle before was.
    } kind = Kind::padding;
  };
  void find_lines(std::uint64_t first, std::uint32_t count);
  void enter(std::int64_t line, std::uint32_t tap_line, std::uint32_t count);
  void leave(std::int64_t byte);
  CycleCost first_cost(std::int64_t place, std::int64_t byte);
  CycleCost shifted_cost(std::int64_t place);

  isa::machine::Map map_;
  std::uint32_t per_task_, tasks_per_channel_, tap_lines_, output_lines_, filters_per_channel_;
  std::int64_t lines_, line_step_, line_stride_, line_dilation_, line_pad_;  ///< Across the line.
  std::int64_t length_, element_step_, stride_, pad_, window_, distance_;    ///< Along it.
  const FoldPlan& plan_;
  Words words_;
  BankLoad load_;
  std::vector<Step> steps_;
  struct Task {
    std::int64_t plane = 0;  ///< Bytes from the first task's plane.
    std::int64_t line = 0;   ///< Its first output line.
    std::int64_t held = 0;   ///< Byte read last, from the first task's plane; -1: none.
  };
  std::vector<Task> tasks_;
  struct Reader {
    std::uint32_t task = 0;
    std::int64_t start = 0;  ///< Byte at which its line starts, from the first task's plane.
  };
  std::vector<Reader> readers_;      ///< Tasks that read the present line.
  std::vector<CycleCost> shifted_;   ///< [width]: of the present line, by place in a word.
  std::vector<std::uint8_t> known_;  ///< [width]: which of them are.
};

}  // namespace fusesim::control
