#include "common/net/crypto.h"

#include <gtest/gtest.h>

#include "common/base/strings.h"

namespace karpenter::net {
namespace {

using base::hex_encode;
using std::chrono::hours;

const base::Time kStart = base::Time(std::chrono::sys_days(std::chrono::year(2025) / 3 / 1)) + hours(5);

CertificateRequest request_for(std::string name, bool is_ca) {
  return {.common_name = std::move(name),
          .organizations = {"system:masters"},
          .dns_names = {"localhost", "a.svc"},
          .ip_addresses = {"127.0.0.1", "::1"},
          .not_before = kStart,
          .not_after = kStart + hours(48),
          .is_ca = is_ca};
}

TEST(Digests, agree_with_published_vectors) {
  EXPECT_EQ(hex_encode(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex_encode(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(md5_hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(hex_encode(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");  // RFC 4231, case 2
  EXPECT_EQ(hex_encode(hmac_sha256({}, "")),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(RandomBytes, have_the_length_asked_for_and_differ) {
  EXPECT_EQ(random_bytes(33).size(), 33U);
  EXPECT_NE(random_bytes(16), random_bytes(16));
}

TEST(Certificates, say_what_was_asked_for) {
  const auto ca = make_certificate(request_for("test ca", true), {});
  ASSERT_TRUE(ca) << ca.error().text();
  const auto leaf = make_certificate(request_for("server", false), *ca);
  ASSERT_TRUE(leaf) << leaf.error().text();
  const auto facts = read_certificate(leaf->certificate_pem);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->common_name, "server");
  EXPECT_EQ(facts->dns_names, (std::vector<std::string>{"localhost", "a.svc"}));
  EXPECT_EQ(facts->not_before, kStart);
  EXPECT_EQ(facts->not_after, kStart + hours(48));
  EXPECT_FALSE(facts->is_ca);
  EXPECT_TRUE(read_certificate(ca->certificate_pem)->is_ca);
}

TEST(Certificates, bad_input_is_an_error_that_names_it) {
  EXPECT_TRUE(read_certificate("").failed_with(base::Code::kInvalid));
  EXPECT_TRUE(read_certificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
                  .failed_with(base::Code::kInvalid));
  auto bad_ip = request_for("x", false);
  bad_ip.ip_addresses = {"300.1.1.1"};
  const auto result = make_certificate(bad_ip, {});
  ASSERT_TRUE(result.failed_with(base::Code::kInvalid));
  EXPECT_NE(result.error().text().find("300.1.1.1"), std::string::npos);
  EXPECT_FALSE(make_certificate(request_for("x", false), {.certificate_pem = "junk", .key_pem = "junk"}));
}

TEST(Certificates, know_who_signed_them) {
  const auto ca = make_certificate(request_for("ca", true), {}).value();
  const auto same_name = make_certificate(request_for("ca", true), {}).value();
  const auto leaf = make_certificate(request_for("server", false), ca).value();
  EXPECT_TRUE(is_signed_by(leaf.certificate_pem, ca.certificate_pem));
  EXPECT_FALSE(is_signed_by(leaf.certificate_pem, same_name.certificate_pem));
  EXPECT_FALSE(is_signed_by(ca.certificate_pem, leaf.certificate_pem));
  EXPECT_FALSE(is_signed_by(leaf.certificate_pem, "junk"));
  const auto parts =
      split_certificates("# both\n" + ca.certificate_pem + "\n\n" + leaf.certificate_pem + "-----BEGIN CER");
  EXPECT_EQ(parts, (std::vector<std::string>{ca.certificate_pem, leaf.certificate_pem}));
  EXPECT_TRUE(split_certificates("junk").empty());
}

}  // namespace
}  // namespace karpenter::net
