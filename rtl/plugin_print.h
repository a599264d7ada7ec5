// SPDX-License-Identifier: Apache-2.0
// Included ahead of every Verilated source: messages of failed assertions are kept for the caller instead of printed.
#pragma once

#include <string>

int fusesim_rtl_print(const char* format, ...) __attribute__((format(printf, 1, 2)));
#define VL_PRINTF fusesim_rtl_print

/// Of this thread, since they were last cleared.
std::string& fusesim_rtl_messages();
