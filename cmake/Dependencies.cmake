# SPDX-License-Identifier: Apache-2.0
# Every third-party package, found once. All come from Debian; tools/packages.txt lists them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# Debian ships SystemC with a .pc file and no CMake package. Its library is built as C++17 and checks that at link
# time through a versioned symbol; SC_CPLUSPLUS tells its headers so, whatever standard the project itself uses.
pkg_check_modules(SYSTEMC REQUIRED IMPORTED_TARGET systemc)
add_library(fusesim_systemc INTERFACE)
target_link_libraries(fusesim_systemc INTERFACE PkgConfig::SYSTEMC Threads::Threads)
target_compile_definitions(fusesim_systemc INTERFACE SC_CPLUSPLUS=201703L SC_DISABLE_API_VERSION_CHECK)
target_include_directories(fusesim_systemc SYSTEM INTERFACE ${SYSTEMC_INCLUDE_DIRS})

find_package(Boost 1.74 REQUIRED COMPONENTS iostreams)
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(FlatBuffers REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
