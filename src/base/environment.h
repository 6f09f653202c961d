// SPDX-License-Identifier: Apache-2.0
// The process's environment, and who and where it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tresor {

/// None when it is not set.
[[nodiscard]] std::optional<std::string> GetEnvironment(const std::string& name);

[[nodiscard]] std::string HostName();
/// Tells one boot of this machine from another; empty where the system does not say.
[[nodiscard]] std::string BootId();
[[nodiscard]] std::int64_t ProcessId();
/// The file that this program runs from; empty where the system does not say.
[[nodiscard]] std::string ProgramPath();
/// The permission bits that new files of this process don't get (umask); 022 where the system does
/// not say.
[[nodiscard]] std::uint32_t FileCreationMask();
/// When process `pid` of this machine started, in clock ticks since boot; none when there is no
/// such process. Tells a process from a later one of the same number.
[[nodiscard]] std::optional<std::uint64_t> ProcessStartTicks(std::int64_t pid);

}  // namespace tresor
