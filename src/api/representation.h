// SPDX-License-Identifier: Apache-2.0
// The forms in which objects leave: as they are, as a Table (what kubectl prints), as metadata
// only; in JSON or YAML.
//
// https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "net/http_server.h"
#include "objects/kinds.h"
#include "objects/object.h"
#include "store/object_list.h"

namespace tresor::api {

using objects::Json;

struct Representation {
  enum class Form { kObject, kTable, kMetadata };
  enum class Include { kNone, kMetadata, kObject };
  Form form = Form::kObject;
  bool yaml = false;
  std::string meta_version = "v1";       // of meta.k8s.io, for Table and metadata
  Include include = Include::kMetadata;  // what a Table's rows carry
};

/// What the client likes best among what there is. kInvalidArgument with reason NotAcceptable.
/// For errors and for what is no object, JSON is always right.
[[nodiscard]] Result<Representation> ChooseRepresentation(const net::Request& request);

/// Makes bodies of one kind's objects in one form.
class Presenter {
 public:
  Presenter(const objects::Kind& kind, const Representation& representation, WallTime now)
      : kind_(kind), representation_(representation), now_(now) {}

  [[nodiscard]] net::Response One(int status, const objects::Object& object) const;

  struct ListMetadata {
    std::uint64_t resource_version = 0;
    std::string continue_token;
    std::uint64_t remaining = 0;
  };
  [[nodiscard]] net::Response List(const store::ObjectList& objects,
                                   const ListMetadata& metadata) const;

  /// For one event of a watch. Only the first Table carries its columns.
  [[nodiscard]] std::string ForWatch(const objects::Object& object, bool first) const;

 private:
  [[nodiscard]] Json Row(const objects::Object& object) const;
  [[nodiscard]] Json Metadata(const objects::Object& object) const;
  [[nodiscard]] net::Response Body(int status, std::string json) const;
  [[nodiscard]] std::string meta_api_version() const;

  const objects::Kind& kind_;
  const Representation representation_;
  const WallTime now_;
};

/// A JSON body, in the form that the client asked for.
[[nodiscard]] net::Response Encode(int status, const Json& json, const Representation& form);

}  // namespace tresor::api
