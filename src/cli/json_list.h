// SPDX-License-Identifier: Apache-2.0
// A JSON array that is written while it is made, so that a list of millions needs no memory.
#pragma once

#include <ostream>

#include <nlohmann/json.hpp>

namespace tresor::cli {

class JsonList {
 public:
  explicit JsonList(std::ostream& out) : out_(out) { out_ << '['; }
  ~JsonList() { out_ << (empty_ ? "]\n" : "\n]\n"); }
  JsonList(const JsonList&) = delete;
  JsonList& operator=(const JsonList&) = delete;
  void Add(const nlohmann::ordered_json& item) {
    out_ << (empty_ ? "\n" : ",\n")
         << item.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    empty_ = false;
  }

 private:
  std::ostream& out_;
  bool empty_ = true;
};

}  // namespace tresor::cli
