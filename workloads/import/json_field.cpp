// SPDX-License-Identifier: Apache-2.0
#include "workloads/import/json_field.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "hw/isa/nearest.h"
#include "workloads/import/import_error.h"

namespace fusesim::trained {

JsonField::JsonField(const nlohmann::json& document, std::string file) : value_(&document), file_(std::move(file)) {}

JsonField::JsonField(const nlohmann::json& value, const std::string& file, std::string path)
    : value_(&value), file_(file), path_(std::move(path)) {}

void JsonField::fail(std::string_view reason) const {
  throw ImportError(fmt::format("{}: {}: {}", file_, path_.empty() ? "the document" : path_, reason));
}

bool JsonField::has(std::string_view key) const {
  return value_->is_object() && value_->contains(key);
}

JsonField JsonField::operator[](std::string_view key) const {
  if (!value_->is_object()) fail(fmt::format("is {}, not an object", value_->type_name()));
  const auto found = value_->find(key);
  if (found == value_->end()) {
    std::vector<std::string> names;
    for (const auto& [name, member] : value_->items()) names.push_back(name);
    fail(fmt::format("has no '{}'{}", key, names.empty() ? std::string() : names::suggestion(key, names)));
  }
  return {*found, file_, path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key)};
}

std::vector<JsonField> JsonField::items() const {
  if (!value_->is_array()) fail(fmt::format("is {}, not a list", value_->type_name()));
  std::vector<JsonField> result;
  for (const nlohmann::json& item : *value_) {
    result.push_back({item, file_, fmt::format("{}[{}]", path_, result.size())});
  }
  return result;
}

std::vector<std::pair<std::string, JsonField>> JsonField::members() const {
  if (!value_->is_object()) fail(fmt::format("is {}, not an object", value_->type_name()));
  std::vector<std::pair<std::string, JsonField>> result;
  for (const auto& [name, member] : value_->items()) result.emplace_back(name, (*this)[name]);
  return result;
}

std::string JsonField::text() const {
  if (!value_->is_string()) fail(fmt::format("is {}, not a string", value_->type_name()));
  return value_->get<std::string>();
}

double JsonField::real() const {
  if (!value_->is_number()) fail(fmt::format("is {}, not a number", value_->type_name()));
  return value_->get<double>();
}

std::uint32_t JsonField::integer(std::uint32_t least, std::uint32_t greatest) const {
  const std::string allowed = fmt::format("a whole number from {} to {}", least, greatest);
  if (!value_->is_number_integer()) fail(fmt::format("is {}, not {}", value_->dump(), allowed));
  if (*value_ < least || *value_ > greatest) fail(fmt::format("is {}, not {}", value_->dump(), allowed));
  return value_->get<std::uint32_t>();
}

}  // namespace fusesim::trained
