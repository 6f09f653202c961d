// SPDX-License-Identifier: Apache-2.0
// ObjectList: what a list returns. Objects are large JSON trees, so a list of ten thousand shares
// them with the store and with everybody else who reads them; who wants to change one copies it.
#pragma once

#include <compare>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "objects/object.h"

namespace tresor::store {

/// A sequence of `const Object`. The objects never change, so copies of the list are cheap.
class ObjectList {
 public:
  using value_type = objects::Object;

  class const_iterator {
   public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = objects::Object;
    using difference_type = std::ptrdiff_t;
    using pointer = const objects::Object*;
    using reference = const objects::Object&;

    const_iterator() = default;
    reference operator*() const { return **at_; }
    pointer operator->() const { return at_->get(); }
    reference operator[](difference_type n) const { return *at_[n]; }
    const_iterator& operator++() { return *this += 1; }
    const_iterator operator++(int) { return const_iterator(at_++); }
    const_iterator& operator--() { return *this -= 1; }
    const_iterator operator--(int) { return const_iterator(at_--); }
    const_iterator& operator+=(difference_type n) {
      at_ += n;
      return *this;
    }
    const_iterator& operator-=(difference_type n) { return *this += -n; }
    friend const_iterator operator+(const_iterator i, difference_type n) { return i += n; }
    friend const_iterator operator+(difference_type n, const_iterator i) { return i += n; }
    friend const_iterator operator-(const_iterator i, difference_type n) { return i -= n; }
    friend difference_type operator-(const_iterator a, const_iterator b) { return a.at_ - b.at_; }
    friend auto operator<=>(const const_iterator&, const const_iterator&) = default;

   private:
    friend class ObjectList;
    using Inner = std::vector<std::shared_ptr<const objects::Object>>::const_iterator;
    explicit const_iterator(Inner at) : at_(at) {}
    Inner at_;
  };
  using iterator = const_iterator;

  ObjectList() = default;
  explicit ObjectList(std::vector<std::shared_ptr<const objects::Object>> objects)
      : objects_(std::move(objects)) {}

  [[nodiscard]] const_iterator begin() const { return const_iterator(objects_.begin()); }
  [[nodiscard]] const_iterator end() const { return const_iterator(objects_.end()); }
  [[nodiscard]] std::size_t size() const { return objects_.size(); }
  [[nodiscard]] bool empty() const { return objects_.empty(); }
  [[nodiscard]] const objects::Object& operator[](std::size_t i) const { return *objects_[i]; }
  [[nodiscard]] const objects::Object& front() const { return *objects_.front(); }
  [[nodiscard]] const objects::Object& back() const { return *objects_.back(); }

  /// For who keeps them: never null.
  [[nodiscard]] const std::vector<std::shared_ptr<const objects::Object>>& shared() const {
    return objects_;
  }
  void push_back(std::shared_ptr<const objects::Object> object) {
    objects_.push_back(std::move(object));
  }
  void push_back(objects::Object object) {
    objects_.push_back(std::make_shared<const objects::Object>(std::move(object)));
  }

 private:
  std::vector<std::shared_ptr<const objects::Object>> objects_;
};

}  // namespace tresor::store
