// SPDX-License-Identifier: Apache-2.0
// Answers of a memory that are yet to be given. Plain C++.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fusesim::memory {

struct MemoryAnswer {
  std::uint64_t picoseconds = 0;  ///< When it is due.
  std::uint64_t tag = 0;          ///< Of the request.
};

/// In order of time; those of one time in the order in which they became known. Few at a time, and mostly in order.
class MemoryAnswers {
 public:
  [[nodiscard]] bool empty() const { return first_ == answers_.size(); }
  [[nodiscard]] const MemoryAnswer& first() const { return answers_[first_]; }

  void push(const MemoryAnswer& answer) {
    answers_.push_back(answer);
    for (std::size_t i = answers_.size() - 1; i != first_ && answers_[i - 1].picoseconds > answer.picoseconds; --i) {
      answers_[i] = answers_[i - 1];
      answers_[i - 1] = answer;
    }
  }
  void pop() {
    ++first_;
    if (first_ == answers_.size()) {
      answers_.clear();
    } else if (first_ == kMostPast) {
      answers_.erase(answers_.begin(), answers_.begin() + static_cast<std::ptrdiff_t>(first_));
    } else {
      return;
    }
    first_ = 0;
  }

 private:
  static constexpr std::size_t kMostPast = 64;
  std::vector<MemoryAnswer> answers_;
  std::size_t first_ = 0;
};

}  // namespace fusesim::memory
