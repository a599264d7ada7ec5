// SPDX-License-Identifier: Apache-2.0
#include "rtl/plugin_print.h"

#include <cstdarg>
#include <cstdio>

std::string& fusesim_rtl_messages() {
  thread_local std::string messages;
  return messages;
}

int fusesim_rtl_print(const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  char text[1024];
  const int length = std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (length > 0) fusesim_rtl_messages().append(text);
  return length;
}
