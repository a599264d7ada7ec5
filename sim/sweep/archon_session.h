// SPDX-License-Identifier: Apache-2.0
// `fusesim sweep --paper archon`: see run_session().
#pragma once

#include "sim/sweep/session.h"

namespace fusesim::sweep {

/// Prints the comparison with the ARCHON study: four tables, or as CSV and JSON every simulated point. A directory gets
/// archon_cycles, archon_multiplications, archon_survival, archon_arrays and archon_points as CSV and JSON, and
/// archon_journal.txt, from which an interrupted session goes on; there are no figures. Interrupted, it leaves the
/// finished points in archon_points.partial.csv, which a finished one removes.
[[nodiscard]] Ending run_archon_session(const Request& request, std::ostream& out, std::ostream& messages,
                                        bool messages_is_terminal, const std::atomic<bool>& stop);

}  // namespace fusesim::sweep
