#include <gtest/gtest.h>

#include <string>

#include "common/kube/codec.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/model/legacy/v1alpha.h"
#include "common/schema/codec.h"
#include "common/schema/validate.h"
#include "tests/support/generate.h"

// Random objects drawn from the field tables themselves: encode(decode(x)) == x for every kind, and decoding
// survives any damage.

namespace karpenter::schema {
namespace {

using support::Draw;
using support::Generator;

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
    const json::Value object = Generator(seed).object(type_of<TypeParam>(), Draw::kContent);
    ASSERT_TRUE(unknown_fields(type_of<TypeParam>(), object).empty()) << object.dump();
    const auto decoded = decode<TypeParam>(object);
    ASSERT_TRUE(decoded.has_value()) << decoded.error().text();
    ASSERT_EQ(encode(*decoded).dump(), object.dump()) << "seed " << seed;
  }
}

TYPED_TEST(CodecLaws, damaged_objects_are_refused_or_read_but_never_crash) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Generator generator(seed);
    json::Value object = generator.object(type_of<TypeParam>(), Draw::kContent);
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
