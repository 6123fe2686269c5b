#include "common/json/document.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace karpenter::json {
namespace {

constexpr std::size_t kAlign = alignof(Node);
constexpr std::size_t kFewMembers = 16;  // looked through faster than searched
constexpr std::size_t kLargestBlock = std::size_t{256} << 10U;

std::size_t aligned(std::size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

// Where `key` is or belongs.
Member* lower_bound(const Node& object, std::string_view key) {
  return std::lower_bound(object.members, object.members + object.size, key,
                          [](const Member& m, std::string_view k) { return m.key < k; });
}

bool equal_numbers(const Node& a, const Node& b) {
  if (a.kind == b.kind) return a.kind == NodeKind::kDouble ? a.real == b.real : a.integer == b.integer;
  const auto real = [](const Node& n) {
    if (n.kind == NodeKind::kInt) return static_cast<double>(n.integer);
    return n.kind == NodeKind::kUnsigned ? static_cast<double>(n.big) : n.real;
  };
  const bool has_double = a.kind == NodeKind::kDouble || b.kind == NodeKind::kDouble;
  return has_double && real(a) == real(b);
}

bool is_number(const Node& node) {
  return node.kind == NodeKind::kInt || node.kind == NodeKind::kUnsigned || node.kind == NodeKind::kDouble;
}

template <class T>
T* grown(T* old, std::uint32_t size, std::uint32_t& capacity, Arena& arena) {
  capacity = capacity < 2 ? 4 : capacity * 2;
  T* fresh = arena.make<T>(capacity);
  if (size > 0) std::memcpy(static_cast<void*>(fresh), old, size * sizeof(T));
  return fresh;
}

}  // namespace

Arena::~Arena() {
  while (blocks_ != nullptr) std::free(std::exchange(blocks_, blocks_->next));
}

void Arena::grow(std::size_t bytes) {
  const std::size_t size = std::max(aligned(next_block_), bytes);
  auto* block = static_cast<Block*>(std::malloc(aligned(sizeof(Block)) + size));
  if (block == nullptr) throw std::bad_alloc();
  block->next = blocks_;
  blocks_ = block;
  at_ = reinterpret_cast<char*>(block) + aligned(sizeof(Block));
  end_ = at_ + size;
  next_block_ = std::min(size * 2, kLargestBlock);
}

void* Arena::allocate(std::size_t bytes) {
  bytes = aligned(bytes);
  if (static_cast<std::size_t>(end_ - at_) < bytes) grow(bytes);
  return std::exchange(at_, at_ + bytes);
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  char* to = static_cast<char*>(allocate(text.size()));
  std::memcpy(to, text.data(), text.size());
  return {to, text.size()};
}

void Arena::adopt(Arena& other) {
  if (other.blocks_ == nullptr) return;
  Block* last = other.blocks_;
  while (last->next != nullptr) last = last->next;
  last->next = std::exchange(blocks_, std::exchange(other.blocks_, nullptr));
  if (at_ == nullptr) {
    at_ = other.at_;
    end_ = other.end_;
  }
  other.at_ = other.end_ = nullptr;
}

Node make_string(std::string_view text, Arena& arena) {
  Node node;
  node.kind = NodeKind::kString;
  node.size = static_cast<std::uint32_t>(text.size());
  node.text = arena.copy(text).data();
  return node;
}

Node make_real(double value) {
  Node node;
  node.kind = NodeKind::kDouble;
  node.real = value;
  return node;
}

Node* find_member(const Node& object, std::string_view key) {
  if (object.kind != NodeKind::kObject) return nullptr;
  if (object.size > kFewMembers) {
    const Member* found = lower_bound(object, key);
    return found != object.members + object.size && found->key == key ? found->value : nullptr;
  }
  for (const Member* m = object.members; m != object.members + object.size; ++m) {  // most differ in length
    if (m->key.size() == key.size() && m->key == key) return m->value;
  }
  return nullptr;
}

Node& get_member(Node& object, std::string_view key, Arena& arena) {
  if (object.kind != NodeKind::kObject) {
    object = Node{};
    object.kind = NodeKind::kObject;
    object.members = nullptr;
  }
  const auto index = static_cast<std::size_t>(lower_bound(object, key) - object.members);
  if (index < object.size && object.members[index].key == key) return *object.members[index].value;
  if (object.size == object.capacity) {
    object.members = grown(object.members, object.size, object.capacity, arena);
  }
  Member* at = object.members + index;
  std::memmove(static_cast<void*>(at + 1), at, (object.size - index) * sizeof(Member));
  ++object.size;
  *at = Member{.key = arena.copy(key), .value = new (arena.make<Node>(1)) Node()};
  return *at->value;
}

bool erase_member(Node& object, std::string_view key) {
  if (find_member(object, key) == nullptr) return false;
  Member* at = lower_bound(object, key);
  const auto behind = static_cast<std::size_t>(object.members + object.size - (at + 1));
  std::memmove(static_cast<void*>(at), at + 1, behind * sizeof(Member));
  --object.size;
  return true;
}

Node& insert_item(Node& array, std::size_t index, Arena& arena) {
  if (array.kind != NodeKind::kArray) {
    array = Node{};
    array.kind = NodeKind::kArray;
    array.items = nullptr;
  }
  if (array.size == array.capacity) array.items = grown(array.items, array.size, array.capacity, arena);
  Node* at = array.items + index;
  std::memmove(static_cast<void*>(at + 1), at, (array.size - index) * sizeof(Node));
  ++array.size;
  return *new (at) Node();
}

void erase_item(Node& array, std::size_t index) {
  Node* at = array.items + index;
  std::memmove(static_cast<void*>(at), at + 1, (array.size - index - 1) * sizeof(Node));
  --array.size;
}

bool equal(const Node& a, const Node& b) {
  if (is_number(a) && is_number(b)) return equal_numbers(a, b);
  if (a.kind != b.kind || a.size != b.size) return false;
  switch (a.kind) {
    case NodeKind::kBool:
      return a.boolean == b.boolean;
    case NodeKind::kString:
      return text_of(a) == text_of(b);
    case NodeKind::kArray:
      return std::equal(a.items, a.items + a.size, b.items, equal);
    case NodeKind::kObject:
      return std::equal(a.members, a.members + a.size, b.members, [](const Member& x, const Member& y) {
        return x.key == y.key && equal(*x.value, *y.value);
      });
    default:
      return true;
  }
}

Node deep_copy(const Node& from, Arena& arena) {
  Node to = from;
  to.capacity = from.size;
  if (from.kind == NodeKind::kString) to.text = arena.copy(text_of(from)).data();
  if (from.kind == NodeKind::kArray) {
    to.items = arena.make<Node>(from.size);
    for (std::size_t i = 0; i < from.size; ++i) new (to.items + i) Node(deep_copy(from.items[i], arena));
  }
  if (from.kind == NodeKind::kObject) {
    to.members = arena.make<Member>(from.size);
    auto* values = arena.make<Node>(from.size);
    for (std::size_t i = 0; i < from.size; ++i) {
      const Member& member = from.members[i];
      new (values + i) Node(deep_copy(*member.value, arena));
      new (to.members + i) Member{.key = arena.copy(member.key), .value = values + i};
    }
  }
  return to;
}

std::size_t bytes_of(const Node& node) {
  std::size_t bytes = 0;
  if (node.kind == NodeKind::kString) bytes = aligned(node.size);
  if (node.kind == NodeKind::kArray) {
    bytes = node.size * sizeof(Node);
    for (std::size_t i = 0; i < node.size; ++i) bytes += bytes_of(node.items[i]);
  }
  if (node.kind == NodeKind::kObject) {
    bytes = node.size * (sizeof(Node) + sizeof(Member));
    for (std::size_t i = 0; i < node.size; ++i) {
      bytes += aligned(node.members[i].key.size()) + bytes_of(*node.members[i].value);
    }
  }
  return bytes;
}

std::size_t utf8_length(std::string_view text, std::size_t* bad) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  *bad = 1;
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  // The second byte excludes overlong forms, surrogates and what is beyond U+10FFFF.
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (first == 0xE0) low = 0xA0;
  if (first == 0xED) high = 0x9F;
  if (first == 0xF0) low = 0x90;
  if (first == 0xF4) high = 0x8F;
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size() || byte(i) < low || byte(i) > high) return 0;
    *bad = i + 1;
    low = 0x80;
    high = 0xBF;
  }
  return length;
}

}  // namespace karpenter::json
