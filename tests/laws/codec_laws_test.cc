#include <gtest/gtest.h>

#include <random>
#include <string>

#include "common/kube/codec.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/model/legacy/v1alpha.h"
#include "common/schema/codec.h"
#include "common/schema/patterns.h"
#include "common/schema/validate.h"

// Random objects drawn from the field tables themselves: encode(decode(x)) == x for every kind, and decoding
// survives any damage.

namespace karpenter::schema {
namespace {

using json::Ref;

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  // False when nothing came out (an object none of whose members was drawn).
  bool fill(const Type& type, Ref to) {
    switch (type.shape) {
      case Shape::kBool:
        to.set(true);
        return true;
      case Shape::kInt32:
      case Shape::kInt64:
        to.set(static_cast<std::int64_t>(1 + random_() % 100));
        return true;
      case Shape::kIntOrString:
        to.set("100m");
        return true;
      case Shape::kDateTime:
        to.set(type.time_format == "micro" ? "2026-01-02T03:04:05.000006Z" : "2026-01-02T03:04:05Z");
        return true;
      case Shape::kString:
        to.set(text(type));
        return true;
      case Shape::kOpen:
        to.set_object();
        return true;
      case Shape::kList:
        return fill_list(type, to);
      case Shape::kMap:
        to.set_object();
        return fill(*type.item, to[text(string())]);
      case Shape::kObject:
      case Shape::kMeta:
        return fill_object(type, to);
    }
    return false;
  }

  // Replaces one random node by something of another kind.
  void damage(Ref at) {
    const auto view = at.view();
    if (view.size() == 0 || random_() % 6 == 0) {
      static constexpr const char* kJunk[] = {"null", "true", "-1", "1.5",          "\"junk\"",
                                              "[]",   "[1]",  "{}", R"({"x":[{}]})"};
      return at.set(json::parse(kJunk[random_() % std::size(kJunk)]).value());
    }
    const std::size_t index = random_() % view.size();
    if (view.is_array()) return damage(at[index]);
    damage(at[std::string(view.members()[index].first)]);
  }

 private:
  std::string text(const Type& type) {
    if (!type.limits.one_of.empty())
      return std::string(type.limits.one_of[random_() % type.limits.one_of.size()]);
    if (type.limits.pattern == patterns::kVolumeSize) return "20Gi";
    return "s" + std::to_string(random_() % 1000);
  }
  bool fill_list(const Type& type, Ref to) {
    to.set_array();
    for (std::uint64_t i = 0; i < 1 + random_() % 3; ++i) {
      const Ref item = to.push_back();
      if (!fill(*type.item, item)) item.set_object();
    }
    return true;
  }
  bool fill_object(const Type& type, Ref to) {
    bool any = false;
    for (const auto& field : type.fields) {
      if (!field.type.is_required && random_() % 3 == 0) continue;
      json::Value value;
      if (!fill(field.type, value.ref())) {
        if (!field.type.is_required) continue;
        value.ref().set_object();
      }
      any = true;
      json::apply_merge_patch(to[field.name], value);  // two fields may share one JSON object
    }
    return any;
  }

  std::mt19937_64 random_;
};

template <class T>
class CodecLaws : public testing::Test {};

using Kinds =
    testing::Types<model::Pod, model::Node, model::DaemonSet, model::PodDisruptionBudget,
                   model::PersistentVolumeClaim, model::PersistentVolume, model::StorageClass, model::CsiNode,
                   model::VolumeAttachment, model::Namespace, model::Lease, model::Service, model::KubeEvent,
                   model::CustomResourceDefinition, model::NodePool, model::NodeClaim, model::Ec2NodeClass,
                   model::v1beta1::NodePool, model::v1beta1::NodeClaim, model::v1beta1::Ec2NodeClass,
                   model::v1alpha5::Provisioner, model::v1alpha1::AwsNodeTemplate>;
TYPED_TEST_SUITE(CodecLaws, Kinds);

TYPED_TEST(CodecLaws, encode_undoes_decode) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    json::Value object = json::Value::object();
    Generator(seed).fill(type_of<TypeParam>(), object.ref());
    ASSERT_TRUE(unknown_fields(type_of<TypeParam>(), object).empty()) << object.dump();
    const auto decoded = decode<TypeParam>(object);
    ASSERT_TRUE(decoded.has_value()) << decoded.error().text();
    ASSERT_EQ(encode(*decoded).dump(), object.dump()) << "seed " << seed;
  }
}

TYPED_TEST(CodecLaws, damaged_objects_are_refused_or_read_but_never_crash) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    json::Value object = json::Value::object();
    Generator generator(seed);
    generator.fill(type_of<TypeParam>(), object.ref());
    for (int i = 0; i < 3; ++i) {
      generator.damage(object.ref());
      static_cast<void>(validate(type_of<TypeParam>(), object));
      static_cast<void>(unknown_fields(type_of<TypeParam>(), object));
      json::Value defaulted = object;
      apply_defaults(type_of<TypeParam>(), defaulted.ref());
      const auto decoded = kube::decode<TypeParam>(object);
      if (!decoded) {
        ASSERT_NE(decoded.error().text().find(": "), std::string::npos);
        continue;
      }
      // What can be read can be written, and that is stable from then on.
      const auto once = kube::encode(*decoded);
      const auto again = kube::decode<TypeParam>(once);
      ASSERT_TRUE(again.has_value()) << again.error().text() << once.dump();
      ASSERT_EQ(kube::encode(*again).dump(), once.dump());
    }
  }
}

}  // namespace
}  // namespace karpenter::schema
