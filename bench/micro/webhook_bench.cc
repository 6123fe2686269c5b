#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

#include "common/runtime/runtime.h"
#include "webhook/handlers/webhook_handler.h"

namespace karpenter {
namespace {

std::string read_review() {
  std::ifstream in("bench/webhook/review.json");
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (!text.empty()) return text;
  std::fputs("bench_webhook: run from the root of the tree: no bench/webhook/review.json\n", stderr);
  std::exit(2);
}

// Everything between the bytes of a request and those of its answer, without HTTP and TLS.
class Reviews {
 public:
  std::string answer(const std::string& path, const std::string& body) {
    net::HttpRequest request;
    request.method = "POST";
    request.target = path;
    request.headers.add("Content-Type", "application/json");
    request.body = body;
    return handler_.handle(request, {}).body;
  }

 private:
  std::unique_ptr<runtime::Runtime> runtime_ = runtime::make_real_runtime();
  telemetry::MemorySink sink_;
  telemetry::Metrics metrics_;
  webhook::WebhookHandler handler_{*runtime_, telemetry::Log(*runtime_, sink_, {}), metrics_, {}};
};

void webhook_validate(benchmark::State& state) {
  Reviews reviews;
  const std::string body = read_review();
  for (auto _ : state) benchmark::DoNotOptimize(reviews.answer("/validate/karpenter.sh", body));
}
BENCHMARK(webhook_validate);

void webhook_convert_object(benchmark::State& state) {
  Reviews reviews;
  const auto review = json::parse(read_review()).value();
  json::Value pool(review["request"]["object"]);
  pool["apiVersion"].set("karpenter.sh/v1beta1");
  pool["spec"]["disruption"].set(
      json::parse(R"({"consolidationPolicy":"WhenUnderutilized","expireAfter":"720h"})").value());
  pool["spec"]["template"]["spec"].erase("expireAfter");
  pool["spec"]["template"]["spec"]["nodeClassRef"].set(
      json::parse(R"({"apiVersion":"karpenter.k8s.aws/v1beta1","kind":"EC2NodeClass","name":"default"})")
          .value());
  std::string objects;
  constexpr int kObjects = 100;
  for (int i = 0; i < kObjects; ++i) objects += (i > 0 ? "," : "") + pool.dump();
  const std::string body =
      R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"ConversionReview","request":{"uid":"u","desiredAPIVersion":"karpenter.sh/v1","objects":[)" +
      objects + "]}}";
  for (auto _ : state) benchmark::DoNotOptimize(reviews.answer("/conversion/karpenter.sh", body));
  state.SetItemsProcessed(state.iterations() * kObjects);
}
BENCHMARK(webhook_convert_object);

}  // namespace
}  // namespace karpenter

BENCHMARK_MAIN();
