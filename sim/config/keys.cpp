// SPDX-License-Identifier: Apache-2.0
#include "sim/config/keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <type_traits>
#include <utility>

#include "hw/isa/machine/limits.h"
#include "hw/isa/machine/names.h"
#include "hw/isa/names.h"
#include "hw/isa/nearest.h"
#include "hw/memory/dram/dram_standards.h"

namespace fusesim::config {
namespace {

using accelerator::MemoryConfig;
using isa::ArrayConfig;
using isa::machine::ControlConfig;
using isa::machine::CoreConfig;
using isa::machine::FusedConfig;
using isa::machine::ScratchpadConfig;
using isa::machine::VectorConfig;

template <typename E>
std::vector<std::string_view> names_of(isa::NameTable<E> table) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : table) names.push_back(name);
  return names;
}

std::vector<std::string_view> standards() {
  std::vector<std::string_view> names{"none", "fixed"};
  for (const memory::DramSpec& spec : memory::dram_standards()) names.push_back(spec.name);
  return names;
}

/// The member at the end of a path of members, as the kind of value it is.
template <auto... Path>
Value get(const MachineConfig& config) {
  const auto& member = (config.*....*Path);
  using T = std::decay_t<decltype(member)>;
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    return static_cast<std::int64_t>(member);
  } else {
    return member;
  }
}

template <auto... Path>
void set(MachineConfig& config, const Value& value) {
  auto& member = (config.*....*Path);
  using T = std::decay_t<decltype(member)>;
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    member = static_cast<T>(std::get<std::int64_t>(value));
  } else {
    member = std::get<T>(value);
  }
}

/// A key that holds a member of the machine as it is.
template <auto... Path>
Key plain(std::string_view name, std::string_view unit, std::string_view description, Domain domain) {
  return {name, unit, description, std::move(domain), get<Path...>, set<Path...>};
}

template <auto... Path>
Key of_array(std::string_view name, std::string_view unit, std::string_view description, Domain domain) {
  return plain<&MachineConfig::core, &CoreConfig::array, Path...>(name, unit, description, std::move(domain));
}

template <auto Pad, auto Member>
Key of_pad(std::string_view name, std::string_view unit, std::string_view description, Domain domain) {
  return plain<&MachineConfig::core, Pad, Member>(name, unit, description, std::move(domain));
}

template <auto Member>
Key of_fused(std::string_view name, std::string_view unit, std::string_view description, Domain domain) {
  return plain<&MachineConfig::core, &CoreConfig::fused, Member>(name, unit, description, std::move(domain));
}

template <auto Member>
Key of_memory(std::string_view name, std::string_view unit, std::string_view description, Domain domain) {
  return plain<&MachineConfig::memory, Member>(name, unit, description, std::move(domain));
}

constexpr std::string_view bytes_meaning = "capacity; a multiple of banks * width";
constexpr std::string_view banks_meaning =
    "how many; 0: the larger side of the array, rounded up to a power of two, and at least 32";
constexpr std::string_view width_meaning = "word of a bank: what one access brings; a power of two";
constexpr std::string_view ports_meaning = "words that a bank hands the array's feeders in a cycle";

std::string values_text(const Key& key) {
  return std::visit(
      [](const auto& domain) -> std::string {
        using D = std::decay_t<decltype(domain)>;
        if constexpr (std::is_same_v<D, Booleans>) return "true, false";
        if constexpr (std::is_same_v<D, Text>) return "text";
        if constexpr (std::is_same_v<D, Choices>) return fmt::format("{}", fmt::join(domain.names, ", "));
        if constexpr (std::is_same_v<D, Bytes>) {
          return fmt::format("{} .. {}, or text as in \"256KiB\"", domain.least, domain.most);
        }
        if constexpr (std::is_same_v<D, Integers> || std::is_same_v<D, Reals>) {
          return fmt::format("{} .. {}", domain.least, domain.most);
        }
      },
      key.domain);
}

}  // namespace

std::span<const Key> keys() {
  static const std::array all{
      plain<&MachineConfig::description>("description", "", "what the machine is, for people; changes nothing", Text{}),

      of_array<&ArrayConfig::rows>("array.rows", "processing elements", "rows of the array",
                                   Integers{1, ArrayConfig::max_side}),
      of_array<&ArrayConfig::cols>("array.cols", "processing elements", "columns of the array",
                                   Integers{1, ArrayConfig::max_side}),
      Key{"array.accumulators", "", "accumulators of a processing element: one, or two used by folds in turn",
          Choices{names_of(isa::accumulator_names())},
          [](const MachineConfig& c) {
            return Value{std::string(isa::name_in(isa::accumulator_names(), c.core.array.accumulators))};
          },
          [](MachineConfig& c, const Value& v) {
            c.core.array.accumulators =
                isa::value_in(isa::accumulator_names(), "array.accumulators", std::get<std::string>(v));
          }},
      Key{"array.folds", "",
          "a fold starts when the one before has left the array (serial), or as soon as no part is used twice "
          "(pipelined)",
          Choices{names_of(isa::fold_overlap_names())},
          [](const MachineConfig& c) {
            return Value{std::string(isa::name_in(isa::fold_overlap_names(), c.core.array.folds))};
          },
          [](MachineConfig& c, const Value& v) {
            c.core.array.folds = isa::value_in(isa::fold_overlap_names(), "array.folds", std::get<std::string>(v));
          }},
      of_array<&ArrayConfig::fuse_links>(
          "array.fuse_links", "", "a broadcast wire along each row, which FuSe layers and the broadcast mapping need",
          Booleans{}),
      of_array<&ArrayConfig::broadcast_stages>("array.broadcast_stages", "registers",
                                               "pipeline registers on each broadcast wire, fewer than columns",
                                               Integers{0, ArrayConfig::max_side - 1}),

      plain<&MachineConfig::frequency_mhz>(
          "clock.frequency_mhz", "MHz",
          "clock; turns cycles into seconds, and with a DRAM decides how many cycles its nanoseconds are",
          Reals{0.001, 100000}),

      of_pad<&CoreConfig::activations, &ScratchpadConfig::bytes>("activations.bytes", "bytes", bytes_meaning,
                                                                 Bytes{1, isa::machine::max_pad_bytes}),
      of_pad<&CoreConfig::activations, &ScratchpadConfig::banks>("activations.banks", "banks", banks_meaning,
                                                                 Integers{0, isa::machine::max_banks}),
      of_pad<&CoreConfig::activations, &ScratchpadConfig::width>("activations.width", "bytes", width_meaning,
                                                                 Integers{1, isa::machine::max_word_bytes}),
      of_pad<&CoreConfig::activations, &ScratchpadConfig::ports>("activations.ports", "ports", ports_meaning,
                                                                 Integers{1, isa::machine::max_ports}),
      of_pad<&CoreConfig::weights, &ScratchpadConfig::bytes>("weights.bytes", "bytes", bytes_meaning,
                                                             Bytes{1, isa::machine::max_pad_bytes}),
      of_pad<&CoreConfig::weights, &ScratchpadConfig::banks>("weights.banks", "banks", banks_meaning,
                                                             Integers{0, isa::machine::max_banks}),
      of_pad<&CoreConfig::weights, &ScratchpadConfig::width>("weights.width", "bytes", width_meaning,
                                                             Integers{1, isa::machine::max_word_bytes}),
      of_pad<&CoreConfig::weights, &ScratchpadConfig::ports>("weights.ports", "ports", ports_meaning,
                                                             Integers{1, isa::machine::max_ports}),
      of_pad<&CoreConfig::outputs, &ScratchpadConfig::bytes>("outputs.bytes", "bytes",
                                                             "capacity; a multiple of banks * 4, the bytes of a sum",
                                                             Bytes{1, isa::machine::max_pad_bytes}),
      of_pad<&CoreConfig::outputs, &ScratchpadConfig::banks>(
          "outputs.banks", "banks", "one a column of the array or more; 0: chosen as for activations",
          Integers{0, isa::machine::max_banks}),

      plain<&MachineConfig::core, &CoreConfig::vector, &VectorConfig::lanes>(
          "vector.lanes", "elements", "elements that the vector unit works on side by side",
          Integers{1, isa::machine::max_lanes}),
      plain<&MachineConfig::core, &CoreConfig::vector, &VectorConfig::latency>(
          "vector.latency", "cycles", "from an element's operands to its result in the scratchpad",
          Integers{0, isa::machine::max_latency}),

      plain<&MachineConfig::core, &CoreConfig::control, &ControlConfig::fetch_cycles>(
          "control.fetch_cycles", "cycles", "until the first instruction reaches the decoder",
          Integers{0, isa::machine::max_latency}),
      plain<&MachineConfig::core, &CoreConfig::control, &ControlConfig::decode_cycles>(
          "control.decode_cycles", "cycles", "per instruction", Integers{1, isa::machine::max_latency}),
      plain<&MachineConfig::core, &CoreConfig::control, &ControlConfig::queue_depth>(
          "control.queue_depth", "instructions", "instructions that wait in each of the four queues",
          Integers{1, isa::machine::max_queue_depth}),

      of_fused<&FusedConfig::present>(
          "fused.present", "",
          "whether the machine has the fused unit (docs/fused.md); without it the other keys "
          "of fused are not looked at",
          Booleans{}),
      of_fused<&FusedConfig::tile_rows>("fused.tile_rows", "outputs",
                                        "rows of a tile: one output a PE, rows * columns as the array has PEs",
                                        Integers{1, isa::machine::max_fused_positions}),
      of_fused<&FusedConfig::tile_columns>("fused.tile_columns", "outputs", "columns of a tile",
                                           Integers{1, isa::machine::max_fused_positions}),
      Key{"fused.mode", "",
          "an adder for every lane (fixed: fused.adders = fused.lanes, fused.queue_depth = 0), or survivors of the "
          "masks "
          "queue for fewer adders (elastic)",
          Choices{names_of(isa::machine::fused_mode_names())},
          [](const MachineConfig& c) { return Value{std::string(isa::machine::name(c.core.fused.mode))}; },
          [](MachineConfig& c, const Value& v) {
            c.core.fused.mode = isa::value_in(isa::machine::fused_mode_names(), "fused.mode", std::get<std::string>(v));
          }},
      of_fused<&FusedConfig::lanes>("fused.lanes", "terms", "terms or ternary weights broadcast in a cycle",
                                    Integers{1, isa::machine::max_fused_lanes}),
      of_fused<&FusedConfig::adders>("fused.adders", "adders", "additions a PE does in a cycle",
                                     Integers{1, isa::machine::max_fused_lanes}),
      of_fused<&FusedConfig::queue_depth>("fused.queue_depth", "terms",
                                          "survivors that a PE queues: fused.lanes or more in mode elastic, else 0",
                                          Integers{0, isa::machine::max_fused_queue}),
      of_fused<&FusedConfig::adder_bits>("fused.adder_bits", "bits", "signed width of a composed weight",
                                         Integers{8, 32}),
      of_fused<&FusedConfig::ladders>("fused.ladders", "sums",
                                      "ternary sums of the predictor that end in a cycle, a PE",
                                      Integers{1, isa::machine::max_fused_ladders}),
      of_fused<&FusedConfig::mask_channels>("fused.mask_channels", "channels",
                                            "middle channels of a group that the mask storage holds",
                                            Integers{1, isa::machine::max_fused_channels}),
      of_fused<&FusedConfig::mask_positions>(
          "fused.mask_positions", "positions",
          "input positions of a tile that the mask storage holds; as many as PEs or more",
          Integers{1, isa::machine::max_fused_positions}),
      of_fused<&FusedConfig::level_channels>("fused.level_channels", "channels",
                                             "middle channels held between the predictor's stages",
                                             Integers{1, isa::machine::max_fused_channels}),
      of_fused<&FusedConfig::tile_bytes>("fused.tile_bytes", "bytes",
                                         "of each of the two input tiles: channels * positions",
                                         Bytes{1, isa::machine::max_tile_bytes}),
      of_fused<&FusedConfig::tile_port_bytes>("fused.tile_port_bytes", "bytes", "a cycle that load a tile",
                                              Integers{1, isa::machine::max_tile_port}),
      of_fused<&FusedConfig::list_bytes_per_cycle>(
          "fused.list_bytes_per_cycle", "bytes",
          "a cycle that lists bring from the weights scratchpad; 0: a word whenever it is wanted",
          Integers{0, isa::machine::max_list_rate}),
      of_fused<&FusedConfig::list_fifo_bytes>("fused.list_fifo_bytes", "bytes",
                                              "between scratchpad and broadcast; the widest word or more",
                                              Bytes{1, isa::machine::max_list_fifo}),
      of_fused<&FusedConfig::composer_terms_per_cycle>("fused.composer_terms_per_cycle", "terms",
                                                       "formed from sparse factors in a cycle; at most fused.lanes",
                                                       Integers{1, isa::machine::max_fused_lanes}),
      of_fused<&FusedConfig::output_lanes>("fused.output_lanes", "elements",
                                           "results requantised in a cycle; at most as many as PEs",
                                           Integers{1, isa::machine::max_fused_positions}),

      of_memory<&MemoryConfig::standard>("dram.standard", "",
                                         "none: memory is ideal and only the array is timed; fixed: bandwidth and "
                                         "latency as given; else a DRAM channel",
                                         Choices{standards()}),
      of_memory<&MemoryConfig::fixed_gigabytes_per_second>(
          "dram.bandwidth_gbps", "GB/s", "10^9 bytes a second that a fixed memory moves, reads and writes together",
          Reals{0.001, 100000}),
      of_memory<&MemoryConfig::fixed_latency_ns>(
          "dram.latency_ns", "ns", "until a fixed memory moves the first byte of a request", Reals{0, 1000000}),
      of_memory<&MemoryConfig::address_map>(
          "dram.address_map", "", "row, bank, bankgroup and column in an address, most significant first", Text{}),
      of_memory<&MemoryConfig::scheduler>(
          "dram.scheduler", "", "which queued burst goes first: the oldest (fcfs), or the first that is ready",
          Choices{{"fcfs", "fr_fcfs"}}),
      of_memory<&MemoryConfig::queue_bursts>("dram.queue_bursts", "bursts",
                                             "bursts that the memory controller chooses among", Integers{1, 4096}),
      of_memory<&MemoryConfig::refresh>("dram.refresh", "", "whether the DRAM is refreshed", Booleans{}),

      of_memory<&MemoryConfig::dma_request_bytes>("dma.request_bytes", "bytes", "largest request; a power of two",
                                                  Integers{16, 65536}),
      of_memory<&MemoryConfig::dma_outstanding>("dma.outstanding", "requests", "requests under way in each direction",
                                                Integers{1, 1024}),
      of_memory<&MemoryConfig::dma_descriptors>("dma.descriptors", "transfers", "transfers under way in each direction",
                                                Integers{1, 1024}),
      of_memory<&MemoryConfig::dma_arbitration>("dma.arbitration", "",
                                                "who goes first when loads and stores want the memory at once",
                                                Choices{{"round_robin", "load_first", "store_first"}}),
  };
  return all;
}

std::string domain_text(const Key& key) {
  return std::visit(
      [&](const auto& domain) -> std::string {
        using D = std::decay_t<decltype(domain)>;
        const std::string of_unit = key.unit.empty() ? "" : fmt::format(" ({})", key.unit);
        if constexpr (std::is_same_v<D, Booleans>) return "true or false";
        if constexpr (std::is_same_v<D, Text>) return "a text in quotes";
        if constexpr (std::is_same_v<D, Choices>) return fmt::format("one of {}", fmt::join(domain.names, ", "));
        if constexpr (std::is_same_v<D, Integers>) {
          return fmt::format("an integer from {} to {}{}", domain.least, domain.most, of_unit);
        }
        if constexpr (std::is_same_v<D, Bytes>) {
          return fmt::format("a size from {} to {} (bytes), such as {} or \"256KiB\"", domain.least, domain.most,
                             256 * 1024);
        }
        if constexpr (std::is_same_v<D, Reals>) {
          return fmt::format("a number from {} to {}{}", domain.least, domain.most, of_unit);
        }
      },
      key.domain);
}

std::optional<std::int64_t> parse_bytes(std::string_view text) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{}) return std::nullopt;
  std::string_view unit(read.ptr, static_cast<std::size_t>(text.data() + text.size() - read.ptr));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  const std::optional<int> shift = unit.empty() || unit == "B" ? std::optional(0)
                                   : unit == "KiB"             ? std::optional(10)
                                   : unit == "MiB"             ? std::optional(20)
                                   : unit == "GiB"             ? std::optional(30)
                                                               : std::nullopt;
  if (!shift || number > (std::uint64_t{1} << 62) >> *shift) return std::nullopt;
  return static_cast<std::int64_t>(number << *shift);
}

std::string bytes_text(std::uint64_t bytes) {
  for (const auto& [shift, unit] : {std::pair{30, "GiB"}, std::pair{20, "MiB"}, std::pair{10, "KiB"}}) {
    if (bytes != 0 && bytes % (std::uint64_t{1} << shift) == 0) return fmt::format("{}{}", bytes >> shift, unit);
  }
  return fmt::format("{}B", bytes);
}

Value check(const Key& key, Value value, std::string_view shown, std::string_view where) {
  const auto fits = [&value](const auto& domain) {
    using D = std::decay_t<decltype(domain)>;
    if constexpr (std::is_same_v<D, Booleans>) return std::holds_alternative<bool>(value);
    if constexpr (std::is_same_v<D, Text>) return std::holds_alternative<std::string>(value);
    if constexpr (std::is_same_v<D, Choices>) {
      const auto* name = std::get_if<std::string>(&value);
      return name != nullptr && std::ranges::find(domain.names, *name) != domain.names.end();
    }
    if constexpr (std::is_same_v<D, Integers>) {
      const auto* number = std::get_if<std::int64_t>(&value);
      return number != nullptr && *number >= domain.least && *number <= domain.most;
    }
    if constexpr (std::is_same_v<D, Bytes>) {
      if (const auto* text = std::get_if<std::string>(&value)) {
        if (const auto bytes = parse_bytes(*text)) value = *bytes;
      }
      const auto* number = std::get_if<std::int64_t>(&value);
      return number != nullptr && *number >= domain.least && *number <= domain.most;
    }
    if constexpr (std::is_same_v<D, Reals>) {
      if (const auto* whole = std::get_if<std::int64_t>(&value)) value = static_cast<double>(*whole);
      const auto* number = std::get_if<double>(&value);
      return number != nullptr && *number >= domain.least && *number <= domain.most;  // false for NaN
    }
  };
  if (!std::visit(fits, key.domain)) {
    std::string meant;
    const auto* choices = std::get_if<Choices>(&key.domain);
    const auto* text = std::get_if<std::string>(&value);
    if (choices != nullptr && text != nullptr) {
      if (const auto nearest = names::nearest(*text, choices->names)) {
        meant = fmt::format("; did you mean '{}'?", *nearest);
      }
    }
    throw ConfigError(fmt::format("{}: {} must be {}, not {}{}", where, key.name, domain_text(key), shown, meant));
  }
  return value;
}

std::string toml_text(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) {
    return std::visit(
        [](const auto& plain) -> std::string {
          if constexpr (std::is_same_v<std::decay_t<decltype(plain)>, std::string>) return plain;
          return fmt::format("{}", plain);
        },
        value);
  }
  std::string quoted = "\"";
  for (const char c : *text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      quoted += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string keys_help() {
  const MachineConfig defaults;
  std::string text;
  for (const Key& key : keys()) {
    text += fmt::format("  {} = {}  ({}{}{})\n      {}\n", key.name, toml_text(key.get(defaults)), values_text(key),
                        key.unit.empty() ? "" : " ", key.unit, key.description);
  }
  return text;
}

std::string keys_markdown() {
  const MachineConfig defaults;
  std::string text = "| key | values | default | unit | meaning |\n|---|---|---|---|---|\n";
  for (const Key& key : keys()) {
    text += fmt::format("| `{}` | {} | `{}` | {} | {} |\n", key.name, values_text(key), toml_text(key.get(defaults)),
                        key.unit, key.description);
  }
  return text;
}

}  // namespace fusesim::config
