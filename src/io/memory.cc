// SPDX-License-Identifier: Apache-2.0
// How the durability rule is modelled:
//  - a file has its content as written and as of its last Sync();
//  - a folder has its names as they are and as of its last SyncDir();
//  - what was done to names since is kept as a list of changes, so that kMixed can apply some of
//  them,
//    each wholly: a rename within a folder never loses both names. A rename between two folders is
//    torn when only one of them was synced, as the rule says nothing better.
#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "base/guarded.h"
#include "base/random.h"
#include "io/faults.h"

namespace tresor::io {
namespace {

constexpr std::size_t kBlockSize = 4096;

struct Node;
using Names = std::map<std::string, std::shared_ptr<Node>, std::less<>>;

struct Node {
  FileType type = FileType::kFile;
  std::uint32_t mode = 0;
  // Of a file.
  Bytes content;
  Bytes durable_content;
  bool dirty = false;
  int names = 0;  // how many it has
  int opens = 0;  // Files of it
  // Of a folder.
  Names entries;
  Names durable_entries;
};

// One name of one folder: now `node`'s, or gone when that is null.
struct Edit {
  std::shared_ptr<Node> dir;
  std::string name;
  std::shared_ptr<Node> node;
};
using Change = std::vector<Edit>;  // happens wholly or not at all

struct Tree {
  std::shared_ptr<Node> root;
  std::vector<Change> unsynced;  // oldest first
  std::vector<std::weak_ptr<Node>> files;
  std::uint64_t capacity_bytes = std::numeric_limits<std::uint64_t>::max();
};

std::shared_ptr<Node> MakeNode(FileType type, std::uint32_t mode) {
  auto node = std::make_shared<Node>();
  node->type = type;
  node->mode = mode;
  return node;
}

std::shared_ptr<Node> MakeFile(Tree& tree, std::uint32_t mode) {
  auto node = MakeNode(FileType::kFile, mode);
  std::erase_if(tree.files, [](const auto& file) { return file.expired(); });
  tree.files.push_back(node);
  return node;
}

void Put(Names& names, const Edit& edit) {
  if (edit.node == nullptr) {
    names.erase(edit.name);
  } else {
    names[edit.name] = edit.node;
  }
}

void Apply(Tree& tree, Change change) {
  for (const Edit& edit : change) {
    if (const auto old = edit.dir->entries.find(edit.name); old != edit.dir->entries.end()) {
      --old->second->names;
    }
    Put(edit.dir->entries, edit);
    if (edit.node != nullptr) {
      ++edit.node->names;
    }
  }
  tree.unsynced.push_back(std::move(change));
}

std::uint64_t UsedBytes(const Tree& tree) {
  std::uint64_t used = 0;
  for (const std::weak_ptr<Node>& file : tree.files) {
    if (const auto node = file.lock(); node != nullptr && (node->names > 0 || node->opens > 0)) {
      used += node->content.size();
    }
  }
  return used;
}

std::uint64_t FreeBytesOf(const Tree& tree) {
  const std::uint64_t used = UsedBytes(tree);
  return used < tree.capacity_bytes ? tree.capacity_bytes - used : 0;
}

Status NotFolder(std::string_view path) {
  return Error(Code::kFailedPrecondition, "{}: not a folder", path);
}
Status NoSuch(std::string_view path) {
  return Error(Code::kNotFound, "{}: no such file or folder", path);
}

// Relative paths start at the root, too.
Result<std::vector<std::string>> Parts(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part == "..") {
      return Error(Code::kInvalidArgument, "MemoryFs knows no '..'");
    }
    if (!part.empty() && part != ".") {
      parts.emplace_back(part);
    }
  }
  return parts;
}

Result<std::shared_ptr<Node>> Walk(const Tree& tree, const std::string& path,
                                   std::span<const std::string> parts) {
  std::shared_ptr<Node> node = tree.root;
  for (const std::string& part : parts) {
    if (node->type != FileType::kDirectory) {
      return NotFolder(path);
    }
    const auto entry = node->entries.find(part);
    if (entry == node->entries.end()) {
      return NoSuch(path);
    }
    node = entry->second;
  }
  return node;
}

Result<std::shared_ptr<Node>> Find(const Tree& tree, const std::string& path) {
  ASSIGN_OR_RETURN(const std::vector<std::string> parts, Parts(path));
  return Walk(tree, path, parts);
}

Result<std::shared_ptr<Node>> FindFolder(const Tree& tree, const std::string& path) {
  ASSIGN_OR_RETURN(std::shared_ptr<Node> node, Find(tree, path));
  if (node->type != FileType::kDirectory) {
    return NotFolder(path);
  }
  return node;
}

// A place for a name: its folder, which is there, and what has the name now, or null.
struct Place {
  std::shared_ptr<Node> dir;
  std::string name;
  std::shared_ptr<Node> node;
};

Result<Place> FindPlace(const Tree& tree, const std::string& path) {
  ASSIGN_OR_RETURN(const std::vector<std::string> parts, Parts(path));
  if (parts.empty()) {
    return Error(Code::kInvalidArgument, "'{}': this cannot be done to the root", path);
  }
  ASSIGN_OR_RETURN(const std::shared_ptr<Node> dir,
                   Walk(tree, path, std::span(parts).first(parts.size() - 1)));
  if (dir->type != FileType::kDirectory) {
    return NotFolder(path);
  }
  const auto entry = dir->entries.find(parts.back());
  return Place{.dir = dir,
               .name = parts.back(),
               .node = entry == dir->entries.end() ? nullptr : entry->second};
}

// As FindPlace; kNotFound when nothing has the name.
Result<Place> FindTaken(const Tree& tree, const std::string& path) {
  ASSIGN_OR_RETURN(Place place, FindPlace(tree, path));
  if (place.node == nullptr) {
    return NoSuch(path);
  }
  return place;
}

// As FindPlace; kAlreadyExists when something has the name.
Result<Place> FindFree(const Tree& tree, const std::string& path) {
  ASSIGN_OR_RETURN(Place place, FindPlace(tree, path));
  if (place.node != nullptr) {
    return Error(Code::kAlreadyExists, "{}: already exists", path);
  }
  return place;
}

bool Contains(const Node& dir, const Node* wanted) {
  return &dir == wanted || std::ranges::any_of(dir.entries, [&](const auto& entry) {
    return Contains(*entry.second, wanted);
  });
}

// What a cut leaves of a file: its old or its new size, and of each block the old or the new bytes.
Bytes MixContent(const Node& file, Random& random) {
  const Bytes& first = random.Below(2) == 0 ? file.durable_content : file.content;
  Bytes mixed(first.size());
  for (std::size_t start = 0; start < mixed.size(); start += kBlockSize) {
    const Bytes& source = random.Below(2) == 0 ? file.durable_content : file.content;
    const std::size_t end = std::min({start + kBlockSize, mixed.size(), source.size()});
    if (start < end) {
      std::copy_n(source.begin() + static_cast<std::ptrdiff_t>(start), end - start,
                  mixed.begin() + static_cast<std::ptrdiff_t>(start));
    }
  }
  return mixed;
}

// Builds the tree that a cut leaves.
class Survivor {
 public:
  Survivor(const Tree& tree, MemoryFs::Unsynced unsynced, std::uint64_t seed)
      : unsynced_(unsynced), random_(seed) {
    if (unsynced_ == MemoryFs::Unsynced::kMixed) {
      for (const Change& change : tree.unsynced) {
        if (random_.Below(2) == 0) {
          continue;
        }
        for (const Edit& edit : change) {
          Put(mixed_.try_emplace(edit.dir.get(), edit.dir->durable_entries).first->second, edit);
        }
      }
    }
    result_.root = Copy(*tree.root);
  }

  [[nodiscard]] Tree Take() { return std::move(result_); }

 private:
  std::shared_ptr<Node> Copy(const Node& node) {
    if (const auto known = copies_.find(&node); known != copies_.end()) {
      return known->second;
    }
    const bool is_file = node.type == FileType::kFile;
    auto copy = is_file ? MakeFile(result_, node.mode) : MakeNode(node.type, node.mode);
    copies_.emplace(&node, copy);
    if (is_file) {
      copy->content = Content(node);
      copy->durable_content = copy->content;
    }
    for (const auto& [name, child] : Entries(node)) {
      const std::shared_ptr<Node> child_copy = Copy(*child);
      ++child_copy->names;
      copy->entries.emplace(name, child_copy);
    }
    copy->durable_entries = copy->entries;
    return copy;
  }

  Bytes Content(const Node& file) {
    switch (unsynced_) {
      case MemoryFs::Unsynced::kLost:
        return file.durable_content;
      case MemoryFs::Unsynced::kKept:
        return file.content;
      case MemoryFs::Unsynced::kMixed:
        break;
    }
    return file.dirty ? MixContent(file, random_) : file.content;
  }

  [[nodiscard]] const Names& Entries(const Node& dir) const {
    if (unsynced_ == MemoryFs::Unsynced::kKept) {
      return dir.entries;
    }
    const auto mixed = mixed_.find(&dir);
    return mixed == mixed_.end() ? dir.durable_entries : mixed->second;
  }

  const MemoryFs::Unsynced unsynced_;
  SeededRandom random_;
  std::map<const Node*, Names> mixed_;
  std::map<const Node*, std::shared_ptr<Node>> copies_;
  Tree result_;
};

}  // namespace

struct MemoryFs::State {
  Guarded<Tree> tree;
};

namespace {

// `State` is MemoryFs's, which is private to it.
template <typename State>
class MemoryFile final : public File {
 public:
  // The tree is locked by the caller.
  MemoryFile(std::shared_ptr<State> state, std::shared_ptr<Node> node, std::string path,
             bool writable)
      : state_(std::move(state)),
        node_(std::move(node)),
        path_(std::move(path)),
        writable_(writable) {
    ++node_->opens;
  }
  ~MemoryFile() override { (void)Close(); }

  [[nodiscard]] std::uint64_t size() const override {
    const auto tree = state_->tree.Lock();
    return node_->content.size();
  }

  [[nodiscard]] Status ReadAt(std::uint64_t offset, MutableByteView out) const override {
    const auto tree = state_->tree.Lock();
    RETURN_IF_ERROR(CheckOpen());
    return Annotate(BytesReader(node_->content).ReadAt(offset, out), path_);
  }

  [[nodiscard]] Status WriteAt(std::uint64_t offset, ByteView bytes) override {
    const auto tree = state_->tree.Lock();
    RETURN_IF_ERROR(CheckWritable());
    if (bytes.empty()) {
      return OkStatus();
    }
    RETURN_IF_ERROR(Resize(*tree, std::max(node_->content.size(), offset + bytes.size())));
    std::ranges::copy(bytes, node_->content.begin() + static_cast<std::ptrdiff_t>(offset));
    node_->dirty = true;
    return OkStatus();
  }

  [[nodiscard]] Status Truncate(std::uint64_t size) override {
    const auto tree = state_->tree.Lock();
    RETURN_IF_ERROR(CheckWritable());
    return Resize(*tree, size);
  }

  [[nodiscard]] Status Allocate(std::uint64_t size) override {
    const auto tree = state_->tree.Lock();
    RETURN_IF_ERROR(CheckWritable());
    return Resize(*tree, std::max(node_->content.size(), size));
  }

  void StartWriteback(std::uint64_t /*offset*/, std::uint64_t /*size*/) override {}

  [[nodiscard]] Status Sync() override {
    const auto tree = state_->tree.Lock();
    RETURN_IF_ERROR(CheckOpen());
    if (node_->dirty) {
      node_->durable_content = node_->content;
      node_->dirty = false;
    }
    return OkStatus();
  }

  [[nodiscard]] Status Close() override {
    const auto tree = state_->tree.Lock();
    if (std::exchange(open_, false)) {
      --node_->opens;
    }
    return OkStatus();
  }

 private:
  [[nodiscard]] Status CheckOpen() const {
    return open_ ? OkStatus() : Error(Code::kFailedPrecondition, "{}: is closed", path_);
  }
  [[nodiscard]] Status CheckWritable() const {
    RETURN_IF_ERROR(CheckOpen());
    return writable_ ? OkStatus()
                     : Error(Code::kFailedPrecondition, "{}: is open for reading only", path_);
  }

  [[nodiscard]] Status Resize(const Tree& tree, std::uint64_t size) {
    const std::uint64_t present = node_->content.size();
    if (size > present && tree.capacity_bytes != std::numeric_limits<std::uint64_t>::max() &&
        size - present > FreeBytesOf(tree)) {
      return Error(Code::kResourceExhausted, "{}: no space left on device", path_);
    }
    if (size != present) {
      node_->content.resize(size);
      node_->dirty = true;
    }
    return OkStatus();
  }

  const std::shared_ptr<State> state_;
  const std::shared_ptr<Node> node_;  // what it points to is guarded by state_->tree
  const std::string path_;
  const bool writable_;
  bool open_ = true;  // guarded by state_->tree
};

}  // namespace

MemoryFs::MemoryFs() : state_(std::make_shared<State>()) {
  state_->tree.Lock()->root = MakeNode(FileType::kDirectory, 0755);
}
MemoryFs::~MemoryFs() = default;

Result<std::unique_ptr<File>> MemoryFs::Open(const std::string& path, OpenMode open_mode,
                                             std::uint32_t mode) {
  const auto tree = state_->tree.Lock();
  std::shared_ptr<Node> node;
  if (open_mode == OpenMode::kRead || open_mode == OpenMode::kReadWrite) {
    ASSIGN_OR_RETURN(node, Find(*tree, path));
  } else {
    ASSIGN_OR_RETURN(const Place place, open_mode == OpenMode::kCreateNew ? FindFree(*tree, path)
                                                                          : FindPlace(*tree, path));
    node = place.node;
    if (node == nullptr) {
      node = MakeFile(*tree, mode);
      Apply(*tree, {{.dir = place.dir, .name = place.name, .node = node}});
    }
  }
  if (node->type != FileType::kFile) {
    return Error(Code::kFailedPrecondition, "{}: open: not a regular file", path);
  }
  if (open_mode == OpenMode::kTruncate && !node->content.empty()) {
    node->content.clear();
    node->dirty = true;
  }
  return std::make_unique<MemoryFile<State>>(state_, node, path, open_mode != OpenMode::kRead);
}

Result<std::unique_ptr<File>> MemoryFs::OpenUnnamed(const std::string& dir) {
  const auto tree = state_->tree.Lock();
  RETURN_IF_ERROR(FindFolder(*tree, dir).status());
  return std::make_unique<MemoryFile<State>>(state_, MakeFile(*tree, 0600), dir + " (unnamed file)",
                                             true);
}

Result<FileInfo> MemoryFs::Stat(const std::string& path) {
  const auto tree = state_->tree.Lock();
  ASSIGN_OR_RETURN(const std::shared_ptr<Node> node, Find(*tree, path));
  return FileInfo{.type = node->type, .size_bytes = node->content.size(), .mode = node->mode};
}

Result<std::vector<DirEntry>> MemoryFs::List(const std::string& path) {
  const auto tree = state_->tree.Lock();
  ASSIGN_OR_RETURN(const std::shared_ptr<Node> dir, FindFolder(*tree, path));
  std::vector<DirEntry> entries;
  for (const auto& [name, node] : dir->entries) {
    entries.push_back({.name = name, .type = node->type});
  }
  return entries;
}

Status MemoryFs::CreateDir(const std::string& path, std::uint32_t mode) {
  const auto tree = state_->tree.Lock();
  if (const auto node = Find(*tree, path); node.ok()) {  // the root too
    return Error(Code::kAlreadyExists, "{}: already exists", path);
  }
  ASSIGN_OR_RETURN(const Place place, FindFree(*tree, path));
  Apply(*tree,
        {{.dir = place.dir, .name = place.name, .node = MakeNode(FileType::kDirectory, mode)}});
  return OkStatus();
}

Status MemoryFs::Rename(const std::string& from, const std::string& to) {
  const auto tree = state_->tree.Lock();
  ASSIGN_OR_RETURN(const Place source, FindTaken(*tree, from));
  ASSIGN_OR_RETURN(const Place target, FindPlace(*tree, to));
  if (source.node == target.node) {
    return OkStatus();  // also of two names of one file, both of which stay: so rename(2) has it
  }
  if (Contains(*source.node, target.dir.get())) {
    return Error(Code::kInvalidArgument, "{}: cannot be moved into itself, to {}", from, to);
  }
  if (target.node != nullptr &&
      (target.node->type != source.node->type || !target.node->entries.empty())) {
    return Error(Code::kFailedPrecondition, "{}: rename to {}: not a file or an empty folder", from,
                 to);
  }
  Apply(*tree, {{.dir = source.dir, .name = source.name, .node = nullptr},
                {.dir = target.dir, .name = target.name, .node = source.node}});
  return OkStatus();
}

Status MemoryFs::Link(const std::string& from, const std::string& to) {
  const auto tree = state_->tree.Lock();
  ASSIGN_OR_RETURN(const Place source, FindTaken(*tree, from));
  ASSIGN_OR_RETURN(const Place target, FindFree(*tree, to));
  if (source.node->type != FileType::kFile) {
    return Error(Code::kPermissionDenied, "{}: only files have several names", from);
  }
  Apply(*tree, {{.dir = target.dir, .name = target.name, .node = source.node}});
  return OkStatus();
}

Status MemoryFs::RemoveFile(const std::string& path) {
  const auto tree = state_->tree.Lock();
  ASSIGN_OR_RETURN(const std::shared_ptr<Node> node, Find(*tree, path));
  if (node->type == FileType::kDirectory) {
    return Error(Code::kFailedPrecondition, "{}: is a folder", path);
  }
  ASSIGN_OR_RETURN(const Place place, FindTaken(*tree, path));
  Apply(*tree, {{.dir = place.dir, .name = place.name, .node = nullptr}});
  return OkStatus();
}

Status MemoryFs::RemoveDir(const std::string& path) {
  const auto tree = state_->tree.Lock();
  ASSIGN_OR_RETURN(const Place place, FindTaken(*tree, path));
  if (place.node->type != FileType::kDirectory) {
    return NotFolder(path);
  }
  if (!place.node->entries.empty()) {
    return Error(Code::kFailedPrecondition, "{}: the folder is not empty", path);
  }
  Apply(*tree, {{.dir = place.dir, .name = place.name, .node = nullptr}});
  return OkStatus();
}

Status MemoryFs::SyncDir(const std::string& path) {
  const auto tree = state_->tree.Lock();
  ASSIGN_OR_RETURN(const std::shared_ptr<Node> dir, FindFolder(*tree, path));
  dir->durable_entries = dir->entries;
  for (Change& change : tree->unsynced) {
    std::erase_if(change, [&](const Edit& edit) { return edit.dir == dir; });
  }
  std::erase_if(tree->unsynced, [](const Change& change) { return change.empty(); });
  return OkStatus();
}

Result<std::uint64_t> MemoryFs::FreeBytes(const std::string& path) {
  const auto tree = state_->tree.Lock();
  RETURN_IF_ERROR(Find(*tree, path).status());
  return FreeBytesOf(*tree);
}

void MemoryFs::SetCapacity(std::uint64_t bytes) { state_->tree.Lock()->capacity_bytes = bytes; }

std::unique_ptr<MemoryFs> MemoryFs::AfterPowerCut(Unsynced unsynced, std::uint64_t seed) const {
  const auto tree = state_->tree.Lock();
  auto survivor = std::make_unique<MemoryFs>();
  const auto survivor_tree = survivor->state_->tree.Lock();
  *survivor_tree = Survivor(*tree, unsynced, seed).Take();
  survivor_tree->capacity_bytes = tree->capacity_bytes;
  return survivor;
}

}  // namespace tresor::io
