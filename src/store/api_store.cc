// SPDX-License-Identifier: Apache-2.0
#include "store/api_store.h"

#include <algorithm>
#include <utility>

#include "objects/well_known.h"
#include "store/continue_token.h"
#include "store/errors.h"

namespace tresor::store {
namespace {

using objects::kNamespaces;

constexpr std::string_view kDefaultNamespace = "default";
// How often a write is tried that others overtook. Each time one of the others gets through, so
// only a log that says other things than the memory can use this up.
constexpr int kMaxTries = 1000;
constexpr int kGenerateNameTries = 8;  // as Kubernetes does since 1.30
constexpr std::uint64_t kLoadPage = 1000;

ObjectKey NamespaceKey(const std::string& name) { return {kNamespaces, "", name}; }
bool IsNamespace(const ObjectKey& key) { return key.resource == kNamespaces; }

Status Overtaken(const ObjectKey& key) {
  return Error(Code::kUnavailable,
               "{}: overtaken by other writers {} times: if nobody else writes it, another program "
               "has changed the database, and Tresor must be restarted",
               ToString(key), kMaxTries);
}

std::shared_ptr<const Object> Share(const Object& object) {
  return std::make_shared<const Object>(object);
}

bool Selects(const ListOptions& options, const Object& object) {
  return options.labels.Matches(object) && options.fields.Matches(object);
}

std::string TokenAfter(const Object& last, std::uint64_t revision) {
  return EncodeContinueToken(
      {.revision = revision, .name_space = last.name_space(), .name = last.name()});
}

// The page that `options` ask for, of all that follows the page before.
ListResult MakePage(const ListOptions& options, ObjectCache::State state) {
  ListResult result;
  result.resource_version = state.revision;
  const bool selects = !options.labels.empty() || !options.fields.empty();
  std::vector<SharedObject>& objects = state.objects;
  if (selects) {
    // One more than the page shows whether another one follows.
    std::size_t kept = 0;
    for (SharedObject& object : objects) {
      if (options.limit != 0 && kept > options.limit) {
        break;
      }
      if (Selects(options, *object)) {
        objects[kept++] = std::move(object);
      }
    }
    objects.resize(kept);
  }
  if (options.limit != 0 && objects.size() > options.limit) {
    result.remaining = selects ? 0 : objects.size() - options.limit;
    objects.resize(options.limit);
    result.continue_token = TokenAfter(*objects.back(), state.revision);
  }
  result.items = ObjectList(std::move(objects));
  return result;
}

}  // namespace

// --- opening and closing

ApiStore::ApiStore(std::unique_ptr<RevisionLog> log, crypto::SecretKey key,
                   const ApiStoreOptions& options)
    : options_(options),
      log_(std::move(log)),
      codec_(std::make_shared<RowCodec>(std::move(key), *options.random)),
      cache_(std::make_shared<ObjectCache>(options.window_changes)),
      committer_(*log_, [this](std::vector<Change> changes) { Publish(std::move(changes)); }) {}

Result<std::unique_ptr<ApiStore>> ApiStore::Open(const Context& context,
                                                 std::unique_ptr<RevisionLog> log,
                                                 crypto::SecretKey key,
                                                 const ApiStoreOptions& options) {
  std::unique_ptr<ApiStore> store(new ApiStore(std::move(log), std::move(key), options));
  RETURN_IF_ERROR(store->Load());
  if (store->cache_->Get(NamespaceKey(std::string(kDefaultNamespace))) == nullptr) {
    Object name_space;
    name_space.json["metadata"]["name"] = kDefaultNamespace;
    RETURN_IF_ERROR(store
                        ->Create(context, kNamespaces, name_space,
                                 {.requester = {.user = "system:tresor"}}, nullptr)
                        .status());
  }
  store->thread_ = Thread([raw = store.get()](const std::stop_token& stop) { raw->Work(stop); });
  return store;
}

ApiStore::~ApiStore() {
  if (thread_.joinable()) {
    thread_.request_stop();
    errands_.Lock()->stop = true;
    errand_came_.notify_all();
    thread_.join();
  }
  cache_->Close();
}

Status ApiStore::Load() {
  ASSIGN_OR_RETURN(const LogBounds bounds, log_->Bounds());
  compacted_ = bounds.compacted;
  LogListOptions page{.resource = {},
                      .name_space = {},
                      .after = std::nullopt,
                      .revision = bounds.revision,
                      .limit = kLoadPage};
  for (;;) {
    ASSIGN_OR_RETURN(const std::vector<LogRow> rows, log_->List(page));
    for (const LogRow& row : rows) {
      ASSIGN_OR_RETURN(SharedObject object, codec_->Decode(row.key, row.revision, row.value));
      cache_->Load(ToObjectKey(row.key), std::move(object));
    }
    if (rows.size() < kLoadPage) {
      break;
    }
    page.after = rows.back().key;
  }
  cache_->SetLoaded(bounds.revision);
  // What a crash left undone.
  for (std::string& uid : cache_->MissingOwners()) {
    AddErrand({Errand::What::kOwner, std::move(uid)});
  }
  for (const ObjectKey& key : cache_->Where(&IsTerminating)) {
    if (IsNamespace(key)) {
      AddErrand({Errand::What::kNamespace, key.name});
    }
    AddErrand({Errand::What::kOwner, cache_->Get(key)->uid()});
  }
  return OkStatus();
}

// --- reading

Result<const objects::Kind*> ApiStore::KindOf(const ResourceName& resource) const {
  const objects::Kind* kind = options_.kinds->Find(resource);
  if (kind == nullptr) {
    return UnknownResource(resource);
  }
  return kind;
}

Result<Object> ApiStore::Get(const Context& context, const ObjectKey& key) {
  RETURN_IF_ERROR(context.Check());
  RETURN_IF_ERROR(KindOf(key.resource).status());
  const SharedObject object = cache_->Get(key);
  if (object == nullptr) {
    return NotFound(key);
  }
  return *object;
}

Result<ListResult> ApiStore::List(const Context& context, const ResourceName& resource,
                                  const ListOptions& options) {
  RETURN_IF_ERROR(context.Check());
  RETURN_IF_ERROR(KindOf(resource).status());
  std::optional<ObjectCache::Position> after;
  std::uint64_t revision = options.exact ? options.resource_version : 0;  // 0: the newest
  const std::uint64_t newest = cache_->revision();
  if (!options.continue_token.empty()) {
    if (options.resource_version != 0) {
      return BadRequest("specifying resource version is not allowed when using continue");
    }
    ASSIGN_OR_RETURN(ContinueToken token, DecodeContinueToken(options.continue_token));
    if (!options.name_space.empty() && token.name_space != options.name_space) {
      return BadRequest("continue key is not valid: it is of another namespace");
    }
    after = {std::move(token.name_space), std::move(token.name)};
    revision = token.revision;
  } else if (options.exact && options.resource_version == 0) {
    return BadRequest("an exact list needs a resource version");
  } else if (options.resource_version > newest) {
    // kubernetes/apimachinery: NewTimeoutError with this cause; clients then list anew.
    return objects::WithDetails(
        Error(Code::kDeadlineExceeded, "Too large resource version: {}, current: {}",
              options.resource_version, newest),
        {.reason = "Timeout",
         .causes = {{.reason = "ResourceVersionTooLarge",
                     .field = {},
                     .message = "Too large resource version"}},
         .retry_after_seconds = 1});
  }
  if (revision == 0) {
    return MakePage(options, cache_->List(resource, options.name_space, after));
  }
  if (revision < compacted_ || revision > newest) {
    return Expired(
        options.continue_token.empty()
            ? fmt::format("The resourceVersion for the provided list is too old: {}", revision)
            : "The provided continue parameter is too old to display a consistent list result. You "
              "must start a new list without the continue parameter.");
  }
  std::optional<ObjectCache::State> state =
      cache_->ListAt(resource, options.name_space, after, revision);
  if (!state) {
    return ListHistory(resource, options, after, revision);
  }
  return MakePage(options, *std::move(state));
}

// Reads a past state from the log, page by page, until the client's page is full.
Result<ListResult> ApiStore::ListHistory(const ResourceName& resource, const ListOptions& options,
                                         const std::optional<ObjectCache::Position>& after,
                                         std::uint64_t revision) {
  ListResult result;
  result.resource_version = revision;
  LogListOptions page{.resource = ToString(resource),
                      .name_space = options.name_space,
                      .after = std::nullopt,
                      .revision = revision,
                      .limit = kLoadPage};
  if (after) {
    page.after = LogKey{page.resource, after->name_space, after->name};
  }
  for (;;) {
    const Result<std::vector<LogRow>> rows = log_->List(page);
    if (!rows.ok()) {
      return rows.status().code() == Code::kOutOfRange ? Expired(Message(rows.status()))
                                                       : rows.status();
    }
    for (const LogRow& row : *rows) {
      ASSIGN_OR_RETURN(SharedObject object, codec_->Decode(row.key, row.revision, row.value));
      if (!Selects(options, *object)) {
        continue;
      }
      if (options.limit != 0 && result.items.size() == options.limit) {
        result.continue_token = TokenAfter(result.items.back(), revision);
        return result;
      }
      result.items.push_back(std::move(object));
    }
    if (rows->size() < kLoadPage) {
      return result;
    }
    page.after = rows->back().key;
  }
}

Result<std::unique_ptr<Watch>> ApiStore::StartWatch(const Context& context,
                                                    const ResourceName& resource,
                                                    const WatchOptions& options,
                                                    std::function<void()> on_ready) {
  RETURN_IF_ERROR(context.Check());
  RETURN_IF_ERROR(KindOf(resource).status());
  ObjectCache::State initial;
  if (options.resource_version == 0) {
    initial = cache_->List(resource, options.name_space, std::nullopt);
  } else if (options.resource_version < compacted_ ||
             options.resource_version > cache_->revision()) {
    // A version that is not there yet comes from another life of this database: the client must
    // list anew, as after a compaction.
    return Expired(fmt::format("too old resource version: {} ({})", options.resource_version,
                               compacted_.load()));
  }
  return std::make_unique<ObjectWatch>(ChangeSource{cache_, log_, codec_}, resource, options,
                                       std::move(initial), std::move(on_ready));
}

ApiStoreStats ApiStore::Stats() const {
  return {.revision = cache_->revision(), .compacted = compacted_, .watchers = cache_->watchers()};
}

// --- writing

Status ApiStore::Admit(const Context& context, const AdmissionRequest& request) {
  return admission_ == nullptr ? OkStatus() : admission_->Admit(context, *this, request);
}

Result<std::uint64_t> ApiStore::Put(const ObjectKey& key, std::uint64_t expected,
                                    std::optional<LogGuard> guard,
                                    const std::shared_ptr<Object>& object) {
  const LogKey log_key = ToLogKey(key);
  std::string value = codec_->Encode(log_key, *object, key.resource == objects::kSecrets);
  if (value.size() > kMaxObjectBytes) {
    return objects::WithDetails(
        Error(Code::kInvalidArgument, "{} is too large: {} bytes of at most {}", ToString(key),
              value.size(), kMaxObjectBytes),
        {.reason = "RequestEntityTooLarge", .kind = key.resource.plural, .name = key.name});
  }
  PendingWrite write{.key = key,
                     .write = {.key = log_key,
                               .expected = expected,
                               .deleted = false,
                               .value = std::move(value),
                               .guard = std::move(guard)},
                     .object = object};
  RETURN_IF_ERROR(committer_.Write(std::span(&write, 1)));
  return write.revision;
}

Result<std::uint64_t> ApiStore::Remove(const ObjectKey& key, std::uint64_t expected) {
  PendingWrite write{.key = key,
                     .write = {.key = ToLogKey(key),
                               .expected = expected,
                               .deleted = true,
                               .value = {},
                               .guard = std::nullopt},
                     .object = nullptr};
  RETURN_IF_ERROR(committer_.Write(std::span(&write, 1)));
  return write.revision;
}

void ApiStore::Publish(std::vector<Change> changes) {
  for (const std::shared_ptr<const PublishedChange>& change : cache_->Apply(std::move(changes))) {
    NoteErrands(**change);
  }
}

// The namespace must be there, and must still be the same when the object is written.
Result<LogGuard> ApiStore::CheckNamespace(const ObjectKey& key) const {
  const ObjectKey name_space = NamespaceKey(key.name_space);
  const SharedObject present = cache_->Get(name_space);
  if (present == nullptr) {
    return NotFound(name_space);
  }
  if (IsTerminating(*present)) {
    const std::string why =
        fmt::format("unable to create new content in namespace {} because it is being terminated",
                    key.name_space);
    const Status forbidden = Forbidden(key, why);
    objects::ErrorDetails details = *objects::DetailsOf(forbidden);
    details.causes.push_back(
        {.reason = "NamespaceTerminating",
         .field = "metadata.namespace",
         .message = fmt::format("namespace {} is being terminated", key.name_space)});
    return objects::WithDetails(forbidden, details);
  }
  return LogGuard{.key = ToLogKey(name_space), .revision = present->resource_version()};
}

Result<Object> ApiStore::Create(const Context& context, const ResourceName& resource,
                                const Object& object, const WriteOptions& options,
                                std::vector<std::string>* warnings) {
  ASSIGN_OR_RETURN(const objects::Kind* kind, KindOf(resource));
  ObjectKey key{resource, kind->namespaced ? object.name_space() : "", object.name()};
  if (kind->namespaced && key.name_space.empty()) {
    return BadRequest("an empty namespace may not be set during creation");
  }
  const std::string prefix = object.Text("metadata.generateName");
  const bool generate = key.name.empty();
  if (generate && prefix.empty()) {
    return Invalid(key, kind->kind,
                   {{.reason = "FieldValueRequired",
                     .field = "metadata.name",
                     .message = "Required value: name or generateName is required"}});
  }
  for (int tries = 1;; ++tries) {
    if (generate) {
      key.name = GenerateName(prefix, *options_.random);
    }
    std::vector<std::string> warned;
    Result<Object> created = CreateOnce(context, *kind, key, object, options, warned);
    if (generate && tries < kGenerateNameTries && created.status().code() == Code::kAlreadyExists) {
      continue;
    }
    if (warnings != nullptr) {
      warnings->insert(warnings->end(), warned.begin(), warned.end());
    }
    return created;
  }
}

Result<Object> ApiStore::CreateOnce(const Context& context, const objects::Kind& kind,
                                    const ObjectKey& key, const Object& object,
                                    const WriteOptions& options,
                                    std::vector<std::string>& warnings) {
  for (int tries = 0; tries < kMaxTries; ++tries) {
    RETURN_IF_ERROR(context.Check());
    std::optional<LogGuard> guard;
    if (kind.namespaced) {
      ASSIGN_OR_RETURN(guard, CheckNamespace(key));
    }
    warnings.clear();
    ASSIGN_OR_RETURN(Object prepared,
                     Strategy(kind).Create(key, object, GenerateUid(*options_.random),
                                           options_.clock->Now(), warnings));
    if (IsNamespace(key)) {
      prepared.SetLabel("kubernetes.io/metadata.name", key.name);
      prepared.json["status"] = {{"phase", "Active"}};
    }
    RETURN_IF_ERROR(Admit(context, {.requester = options.requester,
                                    .operation = Operation::kCreate,
                                    .resource = key.resource,
                                    .subresource = {},
                                    .object = Share(prepared),
                                    .before = nullptr}));
    if (cache_->Get(key) != nullptr) {
      return AlreadyExists(key);
    }
    if (options.dry_run) {
      return prepared;
    }
    const auto shared = std::make_shared<Object>(std::move(prepared));
    ASSIGN_OR_RETURN(const std::uint64_t revision, Put(key, 0, guard, shared));
    if (revision != 0) {
      return *shared;
    }
  }
  return Overtaken(key);
}

Result<Object> ApiStore::Update(const Context& context, const ResourceName& resource,
                                const Object& object, const WriteOptions& options,
                                std::vector<std::string>* warnings) {
  ASSIGN_OR_RETURN(const objects::Kind* kind, KindOf(resource));
  const ObjectKey key{resource, kind->namespaced ? object.name_space() : "", object.name()};
  std::vector<std::string> warned;
  Result<Object> updated =
      Replace(context, key, "", options, [&](const Object& present) -> Result<Object> {
        warned.clear();
        return Strategy(*kind).Update(key, object, present, warned);
      });
  if (warnings != nullptr) {
    warnings->insert(warnings->end(), warned.begin(), warned.end());
  }
  return updated;
}

Result<Object> ApiStore::UpdateStatus(const Context& context, const ResourceName& resource,
                                      const Object& object, const WriteOptions& options) {
  ASSIGN_OR_RETURN(const objects::Kind* kind, KindOf(resource));
  if (!kind->has_status) {
    return UnknownResource({resource.group, resource.plural + "/status"});
  }
  const ObjectKey key{resource, kind->namespaced ? object.name_space() : "", object.name()};
  return Replace(context, key, "status", options, [&](const Object& present) {
    return Strategy(*kind).UpdateStatus(key, object, present);
  });
}

Result<Object> ApiStore::Replace(const Context& context, const ObjectKey& key,
                                 std::string_view subresource, const WriteOptions& options,
                                 const Compute& compute) {
  for (int tries = 0; tries < kMaxTries; ++tries) {
    RETURN_IF_ERROR(context.Check());
    const SharedObject present = cache_->Get(key);
    if (present == nullptr) {
      return NotFound(key);
    }
    ASSIGN_OR_RETURN(Object next, compute(*present));
    if (next == *present) {
      return next;
    }
    RETURN_IF_ERROR(Admit(context, {.requester = options.requester,
                                    .operation = Operation::kUpdate,
                                    .resource = key.resource,
                                    .subresource = std::string(subresource),
                                    .object = Share(next),
                                    .before = present}));
    if (options.dry_run) {
      return next;
    }
    const std::uint64_t expected = present->resource_version();
    const auto shared = std::make_shared<Object>(std::move(next));
    ASSIGN_OR_RETURN(const std::uint64_t revision, MayGo(key, *shared)
                                                       ? Remove(key, expected)
                                                       : Put(key, expected, std::nullopt, shared));
    if (revision != 0) {
      return *shared;
    }
  }
  return Overtaken(key);
}

// --- deleting

// Whether nothing holds an object that is being deleted.
bool ApiStore::MayGo(const ObjectKey& key, const Object& object) const {
  return IsTerminating(object) && object.finalizers().empty() &&
         (!IsNamespace(key) || cache_->Population(key.name) == 0);
}

Result<Object> ApiStore::Delete(const Context& context, const ObjectKey& key,
                                const DeleteOptions& options) {
  using Propagation = DeleteOptions::Propagation;
  ASSIGN_OR_RETURN(const objects::Kind* kind, KindOf(key.resource));
  for (int tries = 0; tries < kMaxTries; ++tries) {
    RETURN_IF_ERROR(context.Check());
    const SharedObject present = cache_->Get(key);
    if (present == nullptr) {
      return NotFound(key);
    }
    if (!options.uid.empty() && options.uid != present->uid()) {
      return Conflict(key, fmt::format("Precondition failed: UID in precondition: {}, UID in "
                                       "object meta: {}",
                                       options.uid, present->uid()));
    }
    if (options.resource_version != 0 && options.resource_version != present->resource_version()) {
      return Conflict(key, fmt::format("Precondition failed: ResourceVersion in precondition: {}, "
                                       "ResourceVersion in object meta: {}",
                                       options.resource_version, present->resource_version()));
    }
    if (IsNamespace(key) && key.name == kDefaultNamespace) {
      return Forbidden(key, "this namespace may not be deleted");
    }
    RETURN_IF_ERROR(Admit(context, {.requester = options.requester,
                                    .operation = Operation::kDelete,
                                    .resource = key.resource,
                                    .subresource = {},
                                    .object = nullptr,
                                    .before = present}));
    Object marked = Strategy(*kind).MarkDeleted(*present, options_.clock->Now());
    marked.RemoveFinalizer(kForegroundFinalizer);
    marked.RemoveFinalizer(kOrphanFinalizer);
    if (options.propagation != Propagation::kBackground &&
        !cache_->DependentsOf(present->uid()).empty()) {
      marked.AddFinalizer(options.propagation == Propagation::kForeground ? kForegroundFinalizer
                                                                          : kOrphanFinalizer);
    }
    // A namespace is always marked first: from then on nothing can be created in it, and the store
    // can tell whether it is empty.
    const bool at_once = MayGo(key, marked) && (!IsNamespace(key) || IsTerminating(*present));
    if (IsNamespace(key)) {
      marked.json["status"]["phase"] = "Terminating";
    }
    if (options.dry_run) {
      return at_once ? *present : marked;
    }
    if (!at_once && marked == *present) {
      return marked;
    }
    const std::uint64_t expected = present->resource_version();
    const auto shared = std::make_shared<Object>(at_once ? *present : std::move(marked));
    ASSIGN_OR_RETURN(const std::uint64_t revision,
                     at_once ? Remove(key, expected) : Put(key, expected, std::nullopt, shared));
    if (revision != 0) {
      return *shared;
    }
  }
  return Overtaken(key);
}

}  // namespace tresor::store
