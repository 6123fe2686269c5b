#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// The inside of a Value: nodes in an arena. Private to common/json: everyone else sees View, Ref and Value.

namespace karpenter::json {

struct Member;

enum class NodeKind : std::uint8_t {
  kNull,
  kBool,
  kInt,
  kUnsigned,  // only above the range of kInt
  kDouble,
  kString,
  kArray,
  kObject
};

// A value. Its text, items and members live in the arena of its document; plain data, so that a copy of a
// Node is another name for the same contents.
struct Node {
  NodeKind kind = NodeKind::kNull;
  std::uint32_t size = 0;      // bytes of text, items or members
  std::uint32_t capacity = 0;  // of items or members
  union {
    bool boolean;
    std::int64_t integer = 0;
    std::uint64_t big;  // kUnsigned
    double real;
    const char* text;
    Node* items;      // in one row: a growing array moves them
    Member* members;  // sorted by key
  };
};

// The value has a place of its own, so that references to it survive new neighbours.
struct Member {
  std::string_view key;
  Node* value = nullptr;
};

// Memory that is given back all at once. What a document drops by being changed stays until it dies or is
// copied.
class Arena {
 public:
  Arena() = default;
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* allocate(std::size_t bytes);  // aligned for nodes
  template <class T>
  T* make(std::size_t count) {
    return static_cast<T*>(allocate(count * sizeof(T)));
  }
  std::string_view copy(std::string_view text);
  void expect(std::size_t bytes) { next_block_ = bytes; }  // sizes the first block
  void adopt(Arena& other);                                // takes over all that `other` holds

 private:
  struct Block {
    Block* next;
  };
  void grow(std::size_t bytes);

  Block* blocks_ = nullptr;
  char* at_ = nullptr;
  char* end_ = nullptr;
  std::size_t next_block_ = 256;
};

struct Document {
  Arena arena;
  Node root;
};

[[nodiscard]] inline std::string_view text_of(const Node& node) { return {node.text, node.size}; }
[[nodiscard]] Node make_string(std::string_view text, Arena& arena);
[[nodiscard]] Node make_real(double value);
[[nodiscard]] Node* find_member(const Node& object, std::string_view key);  // null when absent
// The member, made as null when absent.
Node& get_member(Node& object, std::string_view key, Arena& arena);
bool erase_member(Node& object, std::string_view key);
// Makes room before `index` and returns the new null item.
Node& insert_item(Node& array, std::size_t index, Arena& arena);
void erase_item(Node& array, std::size_t index);
[[nodiscard]] bool equal(const Node& a, const Node& b);
[[nodiscard]] Node deep_copy(const Node& from, Arena& arena);
[[nodiscard]] std::size_t bytes_of(const Node& node);  // what deep_copy() will ask of an arena

// The length of the UTF-8 sequence at the front of `text`, or 0 when that is none; then `*bad` is how many
// bytes to pass over.
std::size_t utf8_length(std::string_view text, std::size_t* bad);

void print(const Node& node, int indent, std::string& out);  // indent < 0: compact

}  // namespace karpenter::json
