// SPDX-License-Identifier: Apache-2.0
#include "cli/kube.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "cli/parser.h"
#include "cli/text.h"

namespace tresor::cli {
namespace {

/// A built-in resource: its plural name, its singular and short names, where it lies (as the
/// plural, unless it says otherwise), and whether it has namespaces.
struct Resource {
  std::string_view plural;
  std::array<std::string_view, 2> aliases;  // besides the singular, which is the first
  std::string_view path = {};
  bool namespaced = true;
};

constexpr Resource kResources[] = {
    {"apiservices", {"apiservice", ""}, "apiregistration.k8s.io/apiservices", false},
    {"certificatesigningrequests", {"certificatesigningrequest", "csr"}, {}, false},
    {"clusterrolebindings", {"clusterrolebinding", ""}, {}, false},
    {"clusterroles", {"clusterrole", ""}, {}, false},
    {"configmaps", {"configmap", "cm"}},
    {"controllerrevisions", {"controllerrevision", ""}},
    {"cronjobs", {"cronjob", "cj"}},
    {"csidrivers", {"csidriver", ""}, {}, false},
    {"csinodes", {"csinode", ""}, {}, false},
    {"csistoragecapacities", {"csistoragecapacity", ""}},
    {"customresourcedefinitions",
     {"customresourcedefinition", "crd"},
     "apiextensions.k8s.io/customresourcedefinitions",
     false},
    {"daemonsets", {"daemonset", "ds"}},
    {"deployments", {"deployment", "deploy"}},
    {"endpoints", {"endpoint", "ep"}, "services/endpoints"},
    {"endpointslices", {"endpointslice", ""}},
    {"events", {"event", "ev"}},
    {"flowschemas", {"flowschema", ""}, {}, false},
    {"horizontalpodautoscalers", {"horizontalpodautoscaler", "hpa"}},
    {"ingressclasses", {"ingressclass", ""}, {}, false},
    {"ingresses", {"ingress", "ing"}, "ingress"},
    {"ipaddresses", {"ipaddress", "ip"}, {}, false},
    {"jobs", {"job", ""}},
    {"leases", {"lease", ""}},
    {"limitranges", {"limitrange", "limits"}},
    {"mutatingwebhookconfigurations", {"mutatingwebhookconfiguration", ""}, {}, false},
    {"namespaces", {"namespace", "ns"}, {}, false},
    {"networkpolicies", {"networkpolicy", "netpol"}},
    {"nodes", {"node", "no"}, "minions", false},
    {"persistentvolumeclaims", {"persistentvolumeclaim", "pvc"}},
    {"persistentvolumes", {"persistentvolume", "pv"}, {}, false},
    {"poddisruptionbudgets", {"poddisruptionbudget", "pdb"}},
    {"pods", {"pod", "po"}},
    {"podsecuritypolicies", {"podsecuritypolicy", "psp"}, "podsecuritypolicy", false},
    {"podtemplates", {"podtemplate", ""}},
    {"priorityclasses", {"priorityclass", "pc"}, {}, false},
    {"prioritylevelconfigurations", {"prioritylevelconfiguration", ""}, {}, false},
    {"replicasets", {"replicaset", "rs"}},
    {"replicationcontrollers", {"replicationcontroller", "rc"}, "controllers"},
    {"resourceclaims", {"resourceclaim", ""}},
    {"resourceclaimtemplates", {"resourceclaimtemplate", ""}},
    {"resourcequotas", {"resourcequota", "quota"}},
    {"resourceslices", {"resourceslice", ""}, {}, false},
    {"rolebindings", {"rolebinding", ""}},
    {"roles", {"role", ""}},
    {"runtimeclasses", {"runtimeclass", ""}, {}, false},
    {"secrets", {"secret", ""}},
    {"serviceaccounts", {"serviceaccount", "sa"}},
    {"servicecidrs", {"servicecidr", ""}, {}, false},
    {"services", {"service", "svc"}, "services/specs"},
    {"statefulsets", {"statefulset", "sts"}},
    {"storageclasses", {"storageclass", "sc"}, {}, false},
    {"validatingadmissionpolicies", {"validatingadmissionpolicy", ""}, {}, false},
    {"validatingadmissionpolicybindings", {"validatingadmissionpolicybinding", ""}, {}, false},
    {"validatingwebhookconfigurations", {"validatingwebhookconfiguration", ""}, {}, false},
    {"volumeattachments", {"volumeattachment", ""}, {}, false},
};

const Resource* FindResource(std::string_view kind) {
  const auto* found =
      std::find_if(std::begin(kResources), std::end(kResources), [&](const Resource& resource) {
        return resource.plural == kind ||
               std::find(resource.aliases.begin(), resource.aliases.end(), kind) !=
                   resource.aliases.end();
      });
  return found == std::end(kResources) ? nullptr : found;
}

std::vector<std::string> KnownKinds() {
  std::vector<std::string> kinds;
  for (const Resource& resource : kResources) {
    kinds.emplace_back(resource.plural);
    for (const std::string_view alias : resource.aliases) {
      if (!alias.empty()) {
        kinds.emplace_back(alias);
      }
    }
  }
  return kinds;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

/// The part of the path between registry and namespace, and whether the kind has namespaces.
struct Place {
  std::string path;
  bool namespaced = true;
};

Result<Place> PlaceOf(const std::string& kind_text) {
  const std::string kind = Lower(kind_text);
  if (const Resource* resource = FindResource(kind); resource != nullptr) {
    return Place{std::string(resource->path.empty() ? resource->plural : resource->path),
                 resource->namespaced};
  }
  const auto dot = kind.find('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == kind.size()) {
    const std::string nearest = NearestWord(kind, KnownKinds());
    return Error(
        Code::kInvalidArgument,
        "--kind: '{}' is not a built-in kind{}; a custom resource is written <plural>.<group>",
        kind_text, nearest.empty() ? "" : " (did you mean " + nearest + "?)");
  }
  // "deployments.apps" is built in: groups do not show in the paths of built-in kinds.
  const std::string plural = kind.substr(0, dot);
  const std::string group = kind.substr(dot + 1);
  const bool built_in_group = group.find('.') == std::string::npos || group.ends_with(".k8s.io");
  if (const Resource* resource = FindResource(plural); resource != nullptr && built_in_group) {
    return Place{std::string(resource->path.empty() ? resource->plural : resource->path),
                 resource->namespaced};
  }
  return Place{group + "/" + plural, true};
}

/// runtime.Unknown {1 TypeMeta {1 apiVersion, 2 kind}, 2 raw, 3 contentEncoding, 4 contentType};
/// every built-in object {1 ObjectMeta}; ObjectMeta {1 name, 3 namespace, 5 uid, 8
/// creationTimestamp {1 seconds}}.
///
/// Calls `field(number, bytes)` for each length-delimited field and `number(number, value)` for
/// each varint; false: not a protobuf message.
template <typename OnBytes, typename OnVarint>
bool ForEachField(ByteView message, OnBytes on_bytes, OnVarint on_varint) {
  ByteReader reader(message);
  while (reader.ok() && reader.remaining() > 0) {
    const std::uint64_t tag = reader.Varint();
    const std::uint64_t field = tag >> 3;
    switch (tag & 7) {
      case 0: {
        const std::uint64_t value = reader.Varint();
        if (reader.ok()) {
          on_varint(field, value);
        }
        break;
      }
      case 1:
        reader.Skip(8);
        break;
      case 2: {
        const ByteView bytes = reader.LengthPrefixed();
        if (reader.ok()) {
          on_bytes(field, bytes);
        }
        break;
      }
      case 5:
        reader.Skip(4);
        break;
      default:
        return false;
    }
  }
  return reader.ok();
}

constexpr auto kIgnoreVarint = [](std::uint64_t, std::uint64_t) {};

bool DecodeObjectMeta(ByteView bytes, KubeEnvelope& out) {
  bool ok = true;
  const bool whole = ForEachField(
      bytes,
      [&](std::uint64_t field, ByteView value) {
        if (field == 1) {
          out.name = ToString(value);
        } else if (field == 3) {
          out.space = ToString(value);
        } else if (field == 5) {
          out.uid = ToString(value);
        } else if (field == 8) {
          ok = ok && ForEachField(
                         value, [](std::uint64_t, ByteView) {},
                         [&](std::uint64_t number, std::uint64_t seconds) {
                           if (number == 1) {
                             out.created_unix_seconds = static_cast<std::int64_t>(seconds);
                           }
                         });
        }
      },
      kIgnoreVarint);
  return ok && whole;
}

}  // namespace

bool KubeKeys::Matches(std::string_view key) const {
  if (exact) {
    return key == prefix;
  }
  if (!key.starts_with(prefix)) {
    return false;
  }
  return last_part.empty() || (key.size() > last_part.size() && key.ends_with(last_part) &&
                               key[key.size() - last_part.size() - 1] == '/');
}

Result<KubeKeys> ResolveKube(const KubeSelector& selector) {
  std::string registry = selector.registry;
  while (registry.ends_with('/')) {
    registry.pop_back();
  }
  if (selector.kind.empty()) {
    if (!selector.space.empty() || !selector.name.empty()) {
      return Error(Code::kInvalidArgument, "--namespace and --name need --kind");
    }
    return KubeKeys{.prefix = registry + "/"};
  }
  ASSIGN_OR_RETURN(const Place place, PlaceOf(selector.kind));
  KubeKeys keys{.prefix = registry + "/" + place.path + "/"};
  if (!place.namespaced && !selector.space.empty()) {
    return Error(Code::kInvalidArgument, "--namespace: objects of kind {} are not in a namespace",
                 selector.kind);
  }
  if (!selector.space.empty()) {
    keys.prefix += selector.space + "/";
  }
  if (!selector.name.empty() && (!selector.space.empty() || !place.namespaced)) {
    keys.prefix += selector.name;
    keys.exact = true;
  } else {
    keys.last_part = selector.name;
  }
  return keys;
}

bool IsKubeProtobuf(ByteView value) {
  static constexpr std::string_view kPrefix("k8s\0", 4);
  return AsText(value).starts_with(kPrefix);
}

Result<KubeEnvelope> DecodeKubeEnvelope(ByteView value) {
  if (!IsKubeProtobuf(value)) {
    return Error(Code::kDataLoss, "Kubernetes value: no \"k8s\\0\" at its start");
  }
  KubeEnvelope envelope;
  ByteView raw;
  bool ok = true;
  const bool whole = ForEachField(
      value.subspan(4),
      [&](std::uint64_t field, ByteView bytes) {
        if (field == 1) {
          ok = ok && ForEachField(
                         bytes,
                         [&](std::uint64_t number, ByteView text) {
                           if (number == 1) {
                             envelope.api_version = ToString(text);
                           } else if (number == 2) {
                             envelope.kind = ToString(text);
                           }
                         },
                         kIgnoreVarint);
        } else if (field == 2) {
          raw = bytes;
        }
      },
      kIgnoreVarint);
  if (!ok || !whole) {
    return Error(Code::kDataLoss, "Kubernetes value: the envelope is not a protobuf message");
  }
  envelope.object_bytes = raw.size();
  // A kind whose first field is not its metadata still has a kind: what cannot be read is left out.
  KubeEnvelope with_metadata = envelope;
  bool metadata_ok = true;
  const bool object_whole = ForEachField(
      raw,
      [&](std::uint64_t field, ByteView bytes) {
        if (field == 1) {
          metadata_ok = metadata_ok && DecodeObjectMeta(bytes, with_metadata);
        }
      },
      kIgnoreVarint);
  return object_whole && metadata_ok ? with_metadata : envelope;
}

std::optional<std::string> KubeEncryption(ByteView value) {
  static constexpr std::string_view kPrefix = "k8s:enc:";
  std::string_view text = AsText(value.first(std::min<std::size_t>(value.size(), 512)));
  if (!text.starts_with(kPrefix)) {
    return std::nullopt;
  }
  text.remove_prefix(kPrefix.size());
  const std::string_view provider = text.substr(0, text.find(':'));
  const auto version = text.find(':');
  const auto name = version == std::string_view::npos ? version : text.find(':', version + 1);
  if (name == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view key = text.substr(name + 1, text.find(':', name + 1) - name - 1);
  return fmt::format("{}, key {}", Escape(AsBytes(provider)), Escape(AsBytes(key)));
}

}  // namespace tresor::cli
