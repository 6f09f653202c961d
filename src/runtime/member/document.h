// SPDX-License-Identifier: Apache-2.0
// Inside of runtime: strict reading of our own small JSON files. Every field must be there, of its
// type, and known; a newer version is kUnimplemented, anything else wrong kDataLoss. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/status.h"

namespace tresor::runtime {

using Json = nlohmann::json;

/// Takes one JSON object apart. Errors are sticky: read everything, then ask Finish().
/// Borrows the object. Threads: one.
class ObjectReader {
 public:
  /// `where`: how messages call the object, "order.json", "order.json: restore".
  ObjectReader(const Json& json, std::string where);

  [[nodiscard]] std::string Text(const std::string& field);
  [[nodiscard]] bool Bool(const std::string& field);
  /// Between 0 and `most`.
  [[nodiscard]] std::uint64_t Number(const std::string& field,
                                     std::uint64_t most = std::uint64_t{1} << 62);
  /// Also below 0.
  [[nodiscard]] std::int64_t Signed(const std::string& field);
  [[nodiscard]] std::vector<std::string> Texts(const std::string& field);
  /// The field's value; an empty array when it is no array.
  [[nodiscard]] const Json& Array(const std::string& field);
  /// Null: there is no such field, which is no error.
  [[nodiscard]] const Json* Optional(const std::string& field);
  [[nodiscard]] const std::string& where() const { return where_; }
  [[nodiscard]] bool ok() const { return status_.ok(); }

  /// What the caller found wrong with a value, or an object inside of this one.
  void Fail(const Status& status);
  void Fail(const std::string& field, std::string_view text);
  /// kDataLoss: what was wrong first; fields that nobody asked for.
  [[nodiscard]] Status Finish();

 private:
  [[nodiscard]] const Json* Take(const std::string& field);

  const Json& json_;
  const std::string where_;
  std::set<std::string> taken_;
  Status status_;
};

/// A document: {"version": `version`, …}, without that field.
[[nodiscard]] Result<Json> ParseDocument(ByteView bytes, const std::string& name,
                                         std::uint64_t version);
/// Two spaces deep, with a line end: people read it.
[[nodiscard]] std::string PrintDocument(const Json& json);

}  // namespace tresor::runtime
