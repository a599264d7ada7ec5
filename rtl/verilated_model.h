// SPDX-License-Identifier: Apache-2.0
// What plug-ins have in common, of whatever Verilated top: a model with a context of its own, and its ports' memory.
#pragma once

#include <verilated.h>

#include <bit>
#include <cstddef>
#include <cstring>
#include <memory>
#include <type_traits>

#include "rtl/plugin_print.h"

namespace fusesim::rtl {

// Verilator keeps element i of a vector in bits [i*n +: n] of a little-endian integer or array of words, so elements
// of whole bytes are the port's own memory.
static_assert(std::endian::native == std::endian::little);

template <class Port, class Element>
void set(Port& vector, const Element* elements, std::size_t count) {
  static_assert(std::is_trivially_copyable_v<Port>);
  std::memcpy(static_cast<void*>(&vector), elements, count * sizeof(Element));
}

/// `Top` has ports clk, rst and sample. Plug-ins hand models out as void*.
template <class Top>
class VerilatedModel {
 public:
  VerilatedModel() {
    context_.threads(1);
    context_.fatalOnError(false);
    top_ = std::make_unique<Top>(&context_);
  }

  /// Verilator finds the context of a message, and of a scope that ends, through a variable of the thread.
  static VerilatedModel& activate(void* model) {
    VerilatedModel& active = *static_cast<VerilatedModel*>(model);
    Verilated::threadContextp(&active.context_);
    return active;
  }
  static void destroy(void* opaque) {
    const std::unique_ptr<VerilatedModel> model(&activate(opaque));
    model->top_->final();
    model->top_.reset();
    Verilated::threadContextp(nullptr);
  }
  static void check_assertions(void* model, int on) { static_cast<VerilatedModel*>(model)->context_.assertOn(on != 0); }

  // On the active model.
  [[nodiscard]] Top& top() { return *top_; }
  void reset() {
    top_->rst = 1;
    top_->sample = 0;
    settle();
    top_->clk = 1;
    top_->eval();
    top_->rst = 0;
  }
  /// Output ports under the inputs as they stand, before the edge.
  void settle() {
    top_->clk = 0;
    top_->eval();
  }
  /// Returns null, or the text of the assertions that failed at the edge, valid until the next.
  const char* edge() {
    fusesim_rtl_messages().clear();
    top_->clk = 1;
    top_->eval();
    if (!context_.gotError()) return nullptr;
    context_.gotError(false);
    context_.gotFinish(false);
    return fusesim_rtl_messages().c_str();
  }
  /// Brings the observation ports up to date.
  void sample() {
    top_->sample = 1;
    top_->eval();
    top_->sample = 0;
    top_->eval();
  }

 private:
  VerilatedContext context_;
  std::unique_ptr<Top> top_;
};

}  // namespace fusesim::rtl
