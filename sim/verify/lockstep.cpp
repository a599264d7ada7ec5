// SPDX-License-Identifier: Apache-2.0
#include "sim/verify/lockstep.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

namespace fusesim::verify {

namespace {

struct Register {
  const char* name;
  std::int64_t (*read)(const array::PeState&);
};

constexpr Register registers[] = {
    {"a", [](const array::PeState& pe) { return std::int64_t{pe.a}; }},
    {"lv", [](const array::PeState& pe) { return std::int64_t{pe.lv}; }},
    {"lf", [](const array::PeState& pe) { return std::int64_t{pe.lf}; }},
    {"lb", [](const array::PeState& pe) { return std::int64_t{pe.lb}; }},
    {"w", [](const array::PeState& pe) { return std::int64_t{pe.w}; }},
    {"wv", [](const array::PeState& pe) { return std::int64_t{pe.wv}; }},
    {"fv", [](const array::PeState& pe) { return std::int64_t{pe.fv}; }},
    {"ff", [](const array::PeState& pe) { return std::int64_t{pe.ff}; }},
    {"fb", [](const array::PeState& pe) { return std::int64_t{pe.fb}; }},
    {"acc0", [](const array::PeState& pe) { return std::int64_t{pe.acc[0]}; }},
    {"full0", [](const array::PeState& pe) { return std::int64_t{pe.full[0]}; }},
    {"acc1", [](const array::PeState& pe) { return std::int64_t{pe.acc[1]}; }},
    {"full1", [](const array::PeState& pe) { return std::int64_t{pe.full[1]}; }},
    {"mv", [](const array::PeState& pe) { return std::int64_t{pe.mv}; }},
    {"mb", [](const array::PeState& pe) { return std::int64_t{pe.mb}; }},
};

/// What the model threw, if it did.
std::optional<std::string> clock_one(array::ArrayModel& model, const array::EdgeInputs& in, array::EdgeOutputs& out) {
  try {
    model.clock(in, out);
    return std::nullopt;
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

Lockstep::Lockstep(array::ArrayModel& first, array::ArrayModel& second, std::string first_name, std::string second_name,
                   std::uint32_t registers_every)
    : first_(first),
      second_(second),
      first_name_(std::move(first_name)),
      second_name_(std::move(second_name)),
      registers_every_(std::max(1U, registers_every)),
      first_out_(first.config()),
      second_out_(first.config()),
      first_acc_(std::size_t{first.config().rows} * first.config().cols),
      second_acc_(first_acc_.size()) {}

bool Lockstep::fail(std::string what) {
  ++mismatches_;
  if (!first_mismatch_) first_mismatch_ = {clocks_ - 1, std::move(what)};
  return false;
}

bool Lockstep::clock(const array::EdgeInputs& in) {
  ++clocks_;
  const auto first_error = clock_one(first_, in, first_out_);
  const auto second_error = clock_one(second_, in, second_out_);
  if (first_error || second_error) {
    stopped_ = true;
    return fail(first_error ? first_name_ + ": " + *first_error : second_name_ + ": " + *second_error);
  }
  for (const std::uint8_t valid : first_out_.valid) words_ += valid;
  if (const auto difference = difference_of_outputs()) return fail(*difference);
  const bool accumulators = accumulators_differ();
  if (!accumulators && clocks_ % registers_every_ != 0) return true;
  ++full_comparisons_;
  if (const auto difference = difference_of_registers()) return fail(*difference);
  return true;
}

std::optional<std::string> Lockstep::difference_of_outputs() const {
  if (first_out_.valid == second_out_.valid && first_out_.data == second_out_.data) return std::nullopt;
  for (std::size_t j = 0; j < first_out_.valid.size(); ++j) {
    if (first_out_.valid[j] != second_out_.valid[j]) {
      return fmt::format("output port of column {}: {} valid {}, {} valid {}", j, first_name_, first_out_.valid[j],
                         second_name_, second_out_.valid[j]);
    }
    if (first_out_.data[j] != second_out_.data[j]) {
      return fmt::format("output port of column {}: {} {}, {} {}", j, first_name_, first_out_.data[j], second_name_,
                         second_out_.data[j]);
    }
  }
  return std::nullopt;
}

bool Lockstep::accumulators_differ() {
  for (std::uint32_t bank = 0; bank < first_.config().banks(); ++bank) {
    first_.read_accumulators(bank, first_acc_);
    second_.read_accumulators(bank, second_acc_);
    if (first_acc_ != second_acc_) return true;
  }
  return false;
}

std::optional<std::string> Lockstep::difference_of_registers() const {
  const isa::ArrayConfig& config = first_.config();
  for (std::uint32_t i = 0; i < config.rows; ++i) {
    for (std::uint32_t j = 0; j < config.cols; ++j) {
      const array::PeState first = first_.pe(i, j), second = second_.pe(i, j);
      if (first == second) continue;
      for (const Register& reg : registers) {
        const std::int64_t a = reg.read(first), b = reg.read(second);
        if (a == b) continue;
        return fmt::format("PE ({}, {}) {}: {} {}, {} {}", i, j, reg.name, first_name_, a, second_name_, b);
      }
    }
  }
  return std::nullopt;
}

}  // namespace fusesim::verify
