#include "controller/app/environment.h"

#include <gtest/gtest.h>

#include <map>

namespace karpenter::app {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

base::Result<aws::AwsSettings> settings_of(const Variables& variables) {
  options::Options options;
  options.cluster_name = "demo";
  options.interruption_queue = "queue";
  return aws_settings(options, [&variables](std::string_view name) -> std::optional<std::string> {
    const auto it = variables.find(name);
    return it == variables.end() ? std::nullopt : std::optional(it->second);
  });
}

// spec: aws §2
TEST(AwsEnvironment, is_read_as_the_sdk_reads_it) {
  const auto read = settings_of({{"AWS_DEFAULT_REGION", "us-west-2"},
                                 {"AWS_ACCESS_KEY_ID", "id"},
                                 {"AWS_SECRET_ACCESS_KEY", "secret"},
                                 {"AWS_ENDPOINT_URL", "http://all"},
                                 {"AWS_ENDPOINT_URL_SQS", "http://queue"},
                                 {"AWS_USE_FIPS_ENDPOINT", "True"},
                                 {"AWS_MAX_ATTEMPTS", "5"},
                                 {"HOME", "/home/me"}});
  ASSERT_TRUE(read.has_value()) << read.error().text();
  EXPECT_EQ(read->cluster_name, "demo");
  EXPECT_EQ(read->interruption_queue, "queue");
  EXPECT_EQ(read->endpoints.region, "us-west-2");
  EXPECT_EQ(read->endpoints.url, "http://all");
  EXPECT_EQ(read->endpoints.service_urls.at("SQS"), "http://queue");
  EXPECT_TRUE(read->endpoints.fips);
  EXPECT_EQ(read->credentials.access_key_id, "id");
  EXPECT_EQ(read->credentials.shared_credentials_file, "/home/me/.aws/credentials");
  EXPECT_EQ(read->max_attempts, 5);
  EXPECT_EQ(settings_of({{"AWS_REGION", "a"}, {"AWS_DEFAULT_REGION", "b"}})->endpoints.region, "a");
}

TEST(AwsEnvironment, bad_values_name_the_variable) {
  EXPECT_NE(settings_of({}).error().text().find("AWS_REGION"), std::string::npos);
  for (const auto* bad : {"0", "-1", "101", "many"}) {
    const auto read = settings_of({{"AWS_REGION", "a"}, {"AWS_MAX_ATTEMPTS", bad}});
    ASSERT_TRUE(read.failed_with(base::Code::kInvalid)) << bad;
    EXPECT_NE(read.error().text().find("AWS_MAX_ATTEMPTS"), std::string::npos);
  }
}

}  // namespace
}  // namespace karpenter::app
