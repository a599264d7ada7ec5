// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <new>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <streambuf>
#include <string>
#include <system_error>
#include <type_traits>
#include <vector>

#include "hw/isa/nearest.h"
#include "sim/cli/command.h"

namespace fusesim::cli {
namespace {

std::vector<Command>& registry() {
  static std::vector<Command> commands;
  return commands;
}

std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

/// The subcommand that was recognised, or the program itself.
CLI::App& innermost(CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : *parsed.front();
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

/// What is wrong with the words the parser could not place, if there are any. A misspelt option comes first, since the
/// words after it are likely its own.
std::optional<std::string> unplaced(CLI::App& app) {
  const std::vector<std::string> words = app.remaining(true);
  if (words.empty()) return std::nullopt;
  CLI::App& inner = innermost(app);
  const auto option = std::find_if(words.begin(), words.end(),
                                   [](const std::string& word) { return word.size() > 1 && word.front() == '-'; });
  if (option != words.end()) {
    const std::string name = option->substr(0, option->find('='));
    return fmt::format("unknown option '{}'{}", name, names::suggestion(name, option_names(inner)));
  }
  if (&inner != &app) return fmt::format("'{}' takes no further argument '{}'", inner.get_name(), words.front());
  std::vector<std::string> commands;
  for (const Command& command : registry()) commands.emplace_back(command.name);
  return fmt::format("unknown command '{}'{}", words.front(), names::suggestion(words.front(), commands));
}

int usage_error(std::ostream& err, const CLI::App& app, const std::string& message) {
  const std::string path = app.get_parent() == nullptr ? "fusesim" : "fusesim " + app.get_name();
  err << "fusesim: " << one_line(message) << "\nTry '" << path << " --help'.\n";
  return 2;
}

/// Passes everything on to another buffer and remembers why it first refused: by the time the stream's state is looked
/// at, errno has often been overwritten.
class Watched : public std::streambuf {
 public:
  explicit Watched(std::streambuf* to) : to_(to) {}
  /// An errno, 0 when nothing has failed or no reason is known.
  [[nodiscard]] int error() const { return error_; }

 protected:
  int_type overflow(int_type c) override {
    if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    return watch([&] { return to_->sputc(traits_type::to_char_type(c)); },
                 [](int_type result) { return traits_type::eq_int_type(result, traits_type::eof()); });
  }
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    return watch([&] { return to_->sputn(text, size); }, [&](std::streamsize written) { return written < size; });
  }
  int sync() override {
    return watch([&] { return to_->pubsync(); }, [](int result) { return result != 0; });
  }

 private:
  template <typename Call, typename Failed>
  std::invoke_result_t<Call> watch(Call call, Failed failed) {
    errno = 0;
    const auto result = call();
    if (failed(result) && error_ == 0) error_ = errno;
    return result;
  }

  std::streambuf* to_;
  int error_ = 0;
};

/// Standard output that cannot take what was written (a full disk, a reader that has gone) is a failure like another.
int finish(int status, std::ostream& out, const Watched& watched, std::ostream& err) {
  out.flush();
  if (out) return status;
  err << "fusesim: cannot write to standard output"
      << (watched.error() != 0 ? std::string(": ") + std::strerror(watched.error()) : "") << '\n';
  return status == 0 ? 1 : status;
}

int dispatch(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  CLI::App app(
      "Simulates convolutional networks on a systolic array with FuSe row broadcast, cycle by cycle.\n"
      "Commands take network names as `fusesim networks` lists them.",
      "fusesim");
  app.set_version_flag("--version", std::string("fusesim ") + FUSESIM_VERSION, "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.get_formatter()->column_width(32);
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.get_formatter()->label("Positionals", "Arguments");
  app.get_formatter()->label("REQUIRED", "(required)");
  app.require_subcommand(0, 1);
  app.footer(
      "Help on one command: fusesim COMMAND --help\n"
      "Exit status: 0 success, 1 failure, 2 wrong command line, 130 or 143 stopped by an interrupt or SIGTERM.");
  app.allow_extras();

  std::vector<Command> commands = registry();
  std::sort(commands.begin(), commands.end(), [](const Command& a, const Command& b) { return a.order < b.order; });
  std::map<const CLI::App*, Action> actions;
  for (const Command& command : commands) {
    CLI::App* sub = app.add_subcommand(command.name, command.summary);
    sub->group("Commands");
    sub->allow_extras();
    actions[sub] = command.declare(*sub);
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    out << app.help();
    return 0;
  } catch (const CLI::CallForVersion& version) {
    out << version.what() << '\n';
    return 0;
  } catch (const CLI::ParseError& error) {
    return usage_error(err, innermost(app), unplaced(app).value_or(error.what()));
  }
  if (const auto problem = unplaced(app)) return usage_error(err, innermost(app), *problem);
  const auto parsed = app.get_subcommands();
  if (parsed.empty()) return usage_error(err, app, "no command given");
  try {
    return actions.at(parsed.front())(out);
  } catch (const UsageError& error) {
    return usage_error(err, *parsed.front(), error.what());
  } catch (const std::bad_alloc&) {
    throw std::runtime_error(
        fmt::format("out of memory while running '{}'; a smaller program or array, or more memory, may help",
                    parsed.front()->get_name()));
  }
}

}  // namespace

Registration::Registration(const Command& command) {
  registry().push_back(command);
}

void refuse_overwrite(const char* option, const std::string& input, const std::string& output) {
  std::error_code missing;
  if (std::filesystem::equivalent(input, output, missing)) {
    throw UsageError(fmt::format("{} {} is the file that is read; name another", option, output));
  }
}

void add_format_option(CLI::App& app, report::Format& format) {
  app.add_option_function<std::string>(
         "--format",
         [&format](const std::string& text) {
           try {
             format = report::parse_format(text);
           } catch (const std::invalid_argument& error) {
             throw CLI::ValidationError("--format", error.what());
           }
         },
         "How to print: table, csv or json (default table)")
      ->type_name("FORMAT");
}

int run(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  Watched watched(out.rdbuf());
  std::ostream watched_out(&watched);
  try {
    return finish(dispatch(argc, argv, watched_out, err), watched_out, watched, err);
  } catch (const std::exception& error) {
    err << "fusesim: " << one_line(error.what()) << '\n';
    return 1;
  }
}

}  // namespace fusesim::cli
