// SPDX-License-Identifier: Apache-2.0
// Values of a JSON file that know where they stand in it, so that every complaint names file and field.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace fusesim::trained {

/// One value of a JSON document. It refers to the document, which must outlive it.
class JsonField {
 public:
  /// The document itself; `file` begins every message.
  JsonField(const nlohmann::json& document, std::string file);

  /// All of these throw ImportError, "file: field: what is wrong", when the value is missing or of another kind.
  [[nodiscard]] JsonField operator[](std::string_view key) const;
  [[nodiscard]] std::vector<JsonField> items() const;
  /// Members of an object, by name.
  [[nodiscard]] std::vector<std::pair<std::string, JsonField>> members() const;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] double real() const;
  [[nodiscard]] std::uint32_t integer(std::uint32_t least = 0, std::uint32_t greatest = UINT32_MAX) const;

  [[nodiscard]] bool has(std::string_view key) const;
  /// Throws ImportError with `reason` at this field.
  [[noreturn]] void fail(std::string_view reason) const;

 private:
  JsonField(const nlohmann::json& value, const std::string& file, std::string path);

  const nlohmann::json* value_;
  std::string file_, path_;
};

}  // namespace fusesim::trained
