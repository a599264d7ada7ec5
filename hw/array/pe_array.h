// SPDX-License-Identifier: Apache-2.0
// The array as a SystemC module.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <systemc>

#include "hw/array/array_model.h"

namespace fusesim::array {

/// The array's edge, clocked by its controller: no clock runs while nothing is on the array.
class ArrayPortIf : public virtual sc_core::sc_interface {
 public:
  /// One cycle: the output ports under `in`, then the clock edge.
  virtual void clock(const EdgeInputs& in, EdgeOutputs& out) = 0;
};

/// One module for the whole array, whatever holds its registers: SteppedArray or the Verilated SystemVerilog. No module
/// or signal per PE; single registers are named through ArrayModel::pe().
class PeArray final : public sc_core::sc_module, public ArrayPortIf {
 public:
  /// Called in each cycle after the clock edge with the state that the edge produced.
  using Observer = std::function<void(const ArrayModel& model, const EdgeInputs& in, const EdgeOutputs& out)>;

  sc_core::sc_export<ArrayPortIf> port{"port"};

  PeArray(const sc_core::sc_module_name& module_name, std::unique_ptr<ArrayModel> model)
      : sc_module(module_name), model_(std::move(model)) {
    port.bind(*this);
  }

  void clock(const EdgeInputs& in, EdgeOutputs& out) override {
    model_->clock(in, out);
    if (observer_) observer_(*model_, in, out);
  }

  void observe(Observer observer) { observer_ = std::move(observer); }
  [[nodiscard]] const ArrayModel& model() const { return *model_; }

 private:
  std::unique_ptr<ArrayModel> model_;
  Observer observer_;
};

}  // namespace fusesim::array
