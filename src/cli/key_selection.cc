// SPDX-License-Identifier: Apache-2.0
#include "cli/key_selection.h"

#include "cli/kube.h"

namespace tresor::cli {

std::vector<Flag> KeySelectionFlags() {
  return {
      {.name = "prefix",
       .kind = ValueKind::kText,
       .value_name = "PREFIX",
       .help = "only keys that begin so"},
      {.name = "kind",
       .letter = 'k',
       .kind = ValueKind::kText,
       .value_name = "KIND",
       .help = "only Kubernetes objects of this kind: pods, po, Deployment, crd or "
               "certificates.cert-manager.io"},
      {.name = "namespace",
       .letter = 'n',
       .kind = ValueKind::kText,
       .value_name = "NAMESPACE",
       .help = "with --kind: only in this namespace"},
      {.name = "name",
       .kind = ValueKind::kText,
       .value_name = "NAME",
       .help = "with --kind: only of this name"},
      {.name = "registry",
       .kind = ValueKind::kText,
       .value_name = "PREFIX",
       .help = "where Kubernetes keeps its objects (kube-apiserver's --etcd-prefix)",
       .default_text = "/registry"},
  };
}

Result<backup::KeyFilter> ReadKeySelection(const Arguments& arguments) {
  const bool kube = arguments.Has("kind") || arguments.Has("namespace") || arguments.Has("name");
  if (kube && arguments.Has("prefix")) {
    return Error(Code::kInvalidArgument, "give --prefix or --kind, not both");
  }
  if (!kube) {
    return backup::KeyFilter{.prefix = arguments.Text("prefix"), .matches = nullptr};
  }
  ASSIGN_OR_RETURN(const KubeKeys keys, ResolveKube({.registry = arguments.Text("registry"),
                                                     .kind = arguments.Text("kind"),
                                                     .space = arguments.Text("namespace"),
                                                     .name = arguments.Text("name")}));
  return backup::KeyFilter{.prefix = keys.prefix,
                           .matches = [keys](std::string_view key) { return keys.Matches(key); }};
}

}  // namespace tresor::cli
