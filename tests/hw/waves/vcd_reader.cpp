// SPDX-License-Identifier: Apache-2.0
#include "vcd_reader.h"

#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

namespace fusesim::waves {
namespace {

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : text_(read_text(path)) {}

  Vcd read() {
    header();
    std::string word;
    while (text_ >> word) {
      if (word[0] == '#')
        stamp(std::stoull(word.substr(1)));
      else if (word == "$dumpvars")
        dumping_ = true;
      else if (word == "$end" && dumping_)
        dumping_ = false;
      else if (word == "$comment")
        vcd_.comments.push_back(until_end());
      else
        value(word);
    }
    if (dumping_) fail("$dumpvars without $end");
    return std::move(vcd_);
  }

 private:
  [[noreturn]] static void fail(const std::string& what) { throw std::runtime_error("VCD: " + what); }

  std::string until_end() {
    std::string all, word;
    while (text_ >> word) {
      if (word == "$end") return all;
      all += (all.empty() ? "" : " ") + word;
    }
    fail("$end is missing");
  }

  void header() {
    std::vector<std::string> scopes;
    std::string word;
    while (text_ >> word) {
      const std::string body = until_end();
      std::istringstream words(body);
      if (word == "$enddefinitions") {
        if (!scopes.empty()) fail("a scope is open");
        return;
      }
      if (word == "$timescale") {
        vcd_.timescale = body;
      } else if (word == "$scope") {
        std::string kind, name;
        words >> kind >> name;
        if (kind != "module") fail("scope of kind " + kind);
        scopes.push_back(name);
      } else if (word == "$upscope") {
        if (scopes.empty()) fail("$upscope without scope");
        scopes.pop_back();
      } else if (word == "$var") {
        Vcd::Variable variable;
        std::string code, name, path;
        words >> variable.kind >> variable.bits >> code >> name;
        for (const std::string& scope : scopes) path += scope + ".";
        path += name;
        if (!code_to_path_.emplace(code, path).second) fail("code " + code + " twice");
        if (!vcd_.variables.emplace(path, variable).second) fail("signal " + path + " twice");
        vcd_.order.push_back(path);
      } else if (word != "$version" && word != "$date" && word != "$comment" && word != "$attrbegin") {
        fail("unexpected " + word);
      }
    }
    fail("$enddefinitions is missing");
  }

  void stamp(std::uint64_t time) {
    if (!vcd_.times.empty() && time <= vcd_.times.back()) fail("time stamps do not ascend");
    vcd_.times.push_back(time);
  }

  void value(const std::string& word) {
    if (vcd_.times.empty()) fail("value before the first time stamp: " + word);
    std::string digits, code;
    if (word[0] == 'b') {
      digits = word.substr(1);
      text_ >> code;
    } else {
      digits = word.substr(0, 1);
      code = word.substr(1);
    }
    const auto found = code_to_path_.find(code);
    if (found == code_to_path_.end()) fail("unknown code in " + word);
    Vcd::Variable& variable = vcd_.variables.at(found->second);
    if (digits.empty() || digits.size() > variable.bits) fail("wrong width: " + word);
    if (digits.find_first_not_of("01x") != std::string::npos) fail("wrong digit: " + word);
    const char fill = digits[0] == 'x' ? 'x' : '0';
    variable.changes[vcd_.times.back()] = std::string(variable.bits - digits.size(), fill) + digits;
  }

  std::istringstream text_;
  Vcd vcd_;
  std::map<std::string, std::string> code_to_path_;
  bool dumping_ = false;
};

}  // namespace

std::string Vcd::Variable::at(std::uint64_t time) const {
  auto next = changes.upper_bound(time);
  return next == changes.begin() ? std::string() : std::prev(next)->second;
}

std::int64_t Vcd::Variable::value(std::uint64_t time) const {
  const std::string digits = at(time);
  std::uint64_t value = std::stoull(digits, nullptr, 2);
  if (kind == "integer" && digits[0] == '1' && bits < 64) value |= ~std::uint64_t{0} << bits;
  return static_cast<std::int64_t>(value);
}

Vcd read_vcd(const std::filesystem::path& path) {
  return Reader(path).read();
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace fusesim::waves
