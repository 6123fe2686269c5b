#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "common/base/strings.h"
#include "common/json/yaml.h"
#include "webhook/handlers/webhook_handler.h"

// Each reviews/*.yaml: `request` sent to `path` is answered by something that has at least `response`.
// `patch`: the patch in it, decoded. `message`: words of the denial or failure.

namespace karpenter::webhook {
namespace {

namespace fs = std::filesystem;

// Every member of `wanted` is in `got`; lists and scalars are equal.
void expect_has(json::View got, json::View wanted, const std::string& path) {
  if (!wanted.is_object()) {
    EXPECT_EQ(got.dump(), wanted.dump()) << path;
    return;
  }
  for (const auto& [key, value] : wanted.members())
    expect_has(got[key], value, path + "/" + std::string(key));
}

void run(json::View file) {
  const auto runtime = runtime::make_real_runtime();
  telemetry::MemorySink sink;
  telemetry::Metrics metrics;
  WebhookHandler handler(*runtime, telemetry::Log(*runtime, sink, {}), metrics, {});
  net::HttpRequest request;
  request.method = "POST";
  request.target = file["path"].string_or("");
  request.headers.add("Content-Type", "application/json");
  request.body = file["request"].dump();
  const auto answer = handler.handle(request, {});
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto got = json::parse(answer.body).value();
  expect_has(got, file["response"], "");
  if (file["patch"].exists()) {
    const auto patch = base::base64_decode(got["response"]["patch"].string_or("")).value_or("");
    EXPECT_EQ(json::parse(patch).value().dump(), file["patch"].dump());
  }
  for (const auto part : file["message"].items()) {
    const auto message = got["response"]["status"]["message"].string_or("") +
                         got["response"]["result"]["message"].string_or("");
    EXPECT_NE(message.find(part.string_or("")), std::string::npos) << message;
  }
}

TEST(Reviews, are_answered_as_written) {
  const char* root = std::getenv("KARPENTER_SOURCE_DIR");  // set by ctest
  if (root == nullptr) GTEST_SKIP() << "KARPENTER_SOURCE_DIR is not set: run me through ctest";
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(std::string(root) + "/tests/golden/conversion/reviews")) {
    ++files;
    SCOPED_TRACE(entry.path().filename().string());
    std::ifstream in(entry.path());
    const auto documents = json::parse_yaml(std::string(std::istreambuf_iterator<char>(in), {}));
    ASSERT_TRUE(documents) << documents.error().text();
    run(documents->front());
  }
  EXPECT_EQ(files, 4U);
}

}  // namespace
}  // namespace karpenter::webhook
