// SPDX-License-Identifier: Apache-2.0
#include "tests/support/scalar_array.h"

#include <fmt/format.h>

namespace fusesim::test {

ScalarArray::ScalarArray(const isa::ArrayConfig& config) : config_(config) {
  isa::validate(config);
  reset();
}

std::uint8_t ScalarArray::bank_bit(std::uint8_t bank) const {
  return config_.banks() == 2 && bank != 0 ? 1 : 0;
}

void ScalarArray::reset() {
  const std::uint32_t R = config_.rows, C = config_.cols;
  pes_.assign(std::size_t{R} * C, {});
  left_cut_.assign(pes_.size(), {});
  tap_cut_.assign(pes_.size(), {});
  left_lines_.assign(R, {});
  for (std::uint32_t i = 0; i < R; ++i) left_lines_[i].registers.resize(i);
  skewed_lines_.assign(C, {});
  direct_lines_.assign(C, {});
  const std::uint32_t B = config_.fuse_links ? config_.broadcast_stages : 0;
  for (std::uint32_t j = 0; j < C; ++j) {
    const std::uint32_t g = j * (B + 1) / C;
    skewed_lines_[j].registers.resize(j + g);
    direct_lines_[j].registers.resize(g);
  }
  violation_.clear();
}

void ScalarArray::clock(const array::EdgeInputs& in, array::EdgeOutputs& out) {
  const std::uint32_t R = config_.rows, C = config_.cols;
  const std::uint32_t B = config_.fuse_links ? config_.broadcast_stages : 0;
  auto is_cut = [&](std::uint32_t j) { return j > 0 && j * (B + 1) / C != (j - 1) * (B + 1) / C; };

  // ---- What enters the feeders.
  std::vector<Operand> left_in(R), tap(R);
  for (std::uint32_t i = 0; i < R; ++i) {
    if (in.skewed) {
      left_in[i].data = in.left[i];
      if (in.left_valid[i] != 0) {
        left_in[i].valid = true;
        left_in[i].first = in.left_first;
        left_in[i].bank = bank_bit(in.left_bank);
      }
    }
    if (config_.fuse_links && in.tap_valid[i] != 0) tap[i] = {in.tap[i], true, in.tap_first, bank_bit(in.tap_bank)};
  }
  std::vector<Skewed> skewed_in(C);
  std::vector<Direct> direct_in(C);
  for (std::uint32_t j = 0; j < C; ++j) {
    Strobe drain;
    if (in.drain[j] != 0) drain = {true, bank_bit(in.drain_bank)};
    if (in.skewed) {
      skewed_in[j] = {{in.top[j], in.top_valid[j] != 0}, drain};
    } else {
      direct_in[j] = {in.top_valid[j] != 0, drain};
    }
  }

  // ---- Wires of this cycle.
  std::vector<Operand> left(pes_.size()), left_before_cut(pes_.size()), tap_here(pes_.size()),
      tap_before_cut(pes_.size());
  for (std::uint32_t i = 0; i < R; ++i) {
    for (std::uint32_t j = 0; j < C; ++j) {
      Operand arriving, tapped;
      if (j == 0) {
        arriving = in.skewed ? left_lines_[i].output(left_in[i]) : Operand{in.left[i], false, false, 0};
        tapped = tap[i];
      } else {
        const array::PeState& neighbour = pes_[at(i, j - 1)];
        arriving = {neighbour.a, neighbour.lv, neighbour.lf, neighbour.lb};
        tapped = tap_here[at(i, j - 1)];
      }
      left_before_cut[at(i, j)] = arriving;
      tap_before_cut[at(i, j)] = tapped;
      left[at(i, j)] = is_cut(j) ? left_cut_[at(i, j)] : arriving;
      tap_here[at(i, j)] = is_cut(j) ? tap_cut_[at(i, j)] : tapped;
    }
  }
  std::vector<Weight> up(pes_.size());
  std::vector<bool> col_en(C);
  std::vector<Strobe> drain(C);
  for (std::uint32_t j = 0; j < C; ++j) {
    const Skewed skewed = skewed_lines_[j].output(skewed_in[j]);
    const Direct direct = direct_lines_[j].output(direct_in[j]);
    up[at(0, j)] = skewed.weight;
    for (std::uint32_t i = 1; i < R; ++i) up[at(i, j)] = {pes_[at(i - 1, j)].w, pes_[at(i - 1, j)].wv};
    col_en[j] = direct.enable;
    drain[j].valid = skewed.drain.valid || direct.drain.valid;
    drain[j].bank = skewed.drain.bank | direct.drain.bank;
  }
  std::vector<Word> chain_out(pes_.size());
  for (std::uint32_t i = 0; i < R; ++i) {
    for (std::uint32_t j = 0; j < C; ++j) {
      const array::PeState& pe = pes_[at(i, j)];
      Word& word = chain_out[at(i, j)];
      word.valid = pe.mv || (drain[j].valid && pe.full[drain[j].bank]);
      word.bank = pe.mv ? pe.mb : drain[j].bank;
      word.data = pe.acc[word.bank];
    }
  }
  for (std::uint32_t j = 0; j < C; ++j) {
    const Word& word = chain_out[at(R - 1, j)];
    out.valid[j] = word.valid ? 1 : 0;
    out.data[j] = word.valid ? word.data : 0;
  }
  violation_.clear();
  if (!in.enable) return;

  // ---- The edge.
  std::vector<array::PeState> next = pes_;
  for (std::uint32_t i = 0; i < R; ++i) {
    for (std::uint32_t j = 0; j < C; ++j) {
      const array::PeState& now = pes_[at(i, j)];
      array::PeState& pe = next[at(i, j)];
      const bool mac = now.wv && (now.fv || now.lv);
      const bool first = now.fv ? now.ff : now.lf;
      const std::uint8_t bank = now.fv ? now.fb : now.lb;
      const Word chain_in = i == 0 ? Word{} : chain_out[at(i - 1, j)];
      const Operand& from_left = left[at(i, j)];
      const Operand& from_tap = tap_here[at(i, j)];

      pe.a = from_left.data;
      pe.lv = from_left.valid;
      pe.lf = from_left.first;
      pe.lb = from_left.bank;
      pe.w = from_tap.valid ? from_tap.data : up[at(i, j)].data;
      pe.wv = from_tap.valid ? col_en[j] : up[at(i, j)].valid;
      pe.fv = from_tap.valid;
      pe.ff = from_tap.first;
      pe.fb = from_tap.bank;
      if (drain[j].valid) pe.full[drain[j].bank] = false;
      if (mac) {
        // Unsigned, so that overflow wraps.
        const std::uint32_t before = first ? 0 : static_cast<std::uint32_t>(now.acc[bank]);
        pe.acc[bank] = static_cast<std::int32_t>(before + static_cast<std::uint32_t>(int{now.a} * int{now.w}));
        pe.full[bank] = true;
      }
      if (chain_in.valid) pe.acc[chain_in.bank] = chain_in.data;
      pe.mv = chain_in.valid;
      pe.mb = chain_in.valid ? chain_in.bank : std::uint8_t{0};

      if (mac && chain_in.valid && bank == chain_in.bank) {
        violation_ = fmt::format("PE ({}, {}): a MAC and an arriving word meet in accumulator {}", i, j, bank);
      }
      if (now.mv && drain[j].valid && now.full[drain[j].bank]) {
        violation_ = fmt::format("PE ({}, {}): a strobe starts a word while another word passes", i, j);
      }
    }
  }
  pes_ = std::move(next);
  left_cut_ = std::move(left_before_cut);
  tap_cut_ = std::move(tap_before_cut);
  for (std::uint32_t i = 0; i < R; ++i) left_lines_[i].push(left_in[i]);
  for (std::uint32_t j = 0; j < C; ++j) {
    skewed_lines_[j].push(skewed_in[j]);
    direct_lines_[j].push(direct_in[j]);
  }
}

array::PeState ScalarArray::pe(std::uint32_t row, std::uint32_t col) const {
  return pes_[at(row, col)];
}

void ScalarArray::read_accumulators(std::uint32_t bank, std::span<std::int32_t> out) const {
  for (std::size_t i = 0; i < pes_.size(); ++i) out[i] = pes_[i].acc[bank];
}

}  // namespace fusesim::test
