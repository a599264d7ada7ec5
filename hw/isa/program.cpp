// SPDX-License-Identifier: Apache-2.0
#include "hw/isa/program.h"

#include "hw/isa/names.h"

namespace fusesim::isa {

const char* name(Dataflow dataflow) {
  return name_in(dataflow_names(), dataflow).data();  // the tables hold string literals, which end in zero
}

}  // namespace fusesim::isa
