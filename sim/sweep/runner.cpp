// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/runner.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <exception>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "sim/sweep/evaluate.h"

namespace fusesim::sweep {

namespace {

unsigned thread_count(unsigned wanted) {
  if (wanted > 0) return wanted;
  const unsigned cores = std::thread::hardware_concurrency();
  return cores > 0 ? cores : 1;
}

}  // namespace

std::vector<Point> with_references(const std::vector<Point>& points) {
  std::vector<Point> all;
  std::set<std::string> seen;
  const auto add = [&](const Point& point) {
    if (seen.insert(describe(point)).second) all.push_back(point);
  };
  for (const Point& point : points) {
    add(point);
    add(reference(point, DepthwiseMapping::column));
    if (!point.formula) add(reference(point, DepthwiseMapping::row));
  }
  return all;
}

RunOutcome run(const std::vector<Point>& points, const RunOptions& options) {
  RunOutcome outcome;
  std::vector<Point> open;
  std::set<std::string> seen;
  for (const Point& point : points) {
    std::string description = describe(point);
    if (!seen.insert(description).second) continue;
    if (const auto finished = options.journal ? options.journal->find(point) : std::nullopt) {
      outcome.results.emplace(std::move(description), *finished);
      ++outcome.reused;
    } else {
      open.push_back(point);
    }
  }
  const std::size_t total = seen.size();
  if (options.progress) options.progress(outcome.reused, total);
  if (open.empty()) return outcome;

  const Workloads workloads(open);
  std::mutex mutex;  // Guards the outcome, the journal, the failure and the progress callback.
  const auto tell_progress = [&] {
    if (options.progress) options.progress(outcome.results.size() + outcome.infeasible.size(), total);
  };
  std::exception_ptr failure;
  std::atomic<bool> failed = false;
  boost::asio::thread_pool pool(thread_count(options.threads));
  for (const Point& point : open) {
    boost::asio::post(pool, [&] {
      if (failed || (options.stop && *options.stop)) return;
      try {
        const Result result = evaluate(point, workloads);
        const std::lock_guard lock(mutex);
        if (options.journal) options.journal->append(point, result);
        outcome.results.emplace(describe(point), result);
        ++outcome.computed;
        tell_progress();
      } catch (const Infeasible& reason) {
        const std::lock_guard lock(mutex);
        outcome.infeasible.emplace(describe(point), reason.what());
        tell_progress();
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failed.exchange(true)) failure = std::current_exception();
      }
    });
  }
  pool.join();
  if (options.journal) options.journal->sync();
  if (failure) std::rethrow_exception(failure);
  outcome.missing = total - outcome.results.size() - outcome.infeasible.size();
  return outcome;
}

}  // namespace fusesim::sweep
