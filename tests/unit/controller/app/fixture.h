#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/kube/api.h"
#include "common/model/core/core.h"
#include "common/model/karpenter/v1.h"
#include "common/net/loopback.h"
#include "common/telemetry/log.h"
#include "common/telemetry/metrics.h"
#include "controller/app/app.h"
#include "tests/devcluster/embedded_cluster.h"
#include "tests/support/sim_runtime.h"

namespace karpenter::app_test {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;

// What becomes of one request: passes; fails before it arrives; does its work, and the answer is lost.
enum class Fate : std::uint8_t { kPass, kRefuse, kLose };

// The way to one endpoint, on which requests can get lost.
class Road final : public net::Transport {
 public:
  explicit Road(std::function<Fate(const net::HttpRequest&)> judge) : judge_(std::move(judge)) {}
  void lead_to(const net::Origin& origin, net::Handler& handler) { loopback_.route(origin, handler); }
  base::Result<net::HttpResponse> send(const net::HttpRequest& request, const net::Call& call) override;
  base::Result<std::unique_ptr<net::ByteStream>> open(const net::HttpRequest& request,
                                                      const net::Call& call) override;

 private:
  std::function<Fate(const net::HttpRequest&)> judge_;
  net::LoopbackTransport loopback_;
};

// The controller's App over the embedded cluster in virtual time, without webhooks. A NodePool is made by
// hand where a test needs one; the EC2NodeClass `default` is there.
class AppTest : public testing::Test {
 protected:
  AppTest();
  ~AppTest() override;

  void start();
  // Stops the controller process and waits for its end; start() begins a new one.
  void stop();
  // How run() ended, once it has.
  [[nodiscard]] const std::optional<base::Status>& ended() const { return ended_; }
  [[nodiscard]] app::App& controller() { return *life_->app; }

  // POSTs one YAML document as the administrator.
  void create(const std::string& text);
  // PATCHes (merge) one object as the administrator.
  void patch(const kube::Kind& kind, const model::ObjectKey& key, const std::string& text);
  void add_pool(const std::string& name, const std::string& more = "");
  void scale(const std::string& app, int replicas, const std::string& pool = "");
  // The objects of a CRD may look any way from now on, as if an older release had let them pass.
  void drop_schema(const std::string& crd);

  template <class T>
  std::vector<T> list() {
    auto found = kube::Api<T>(cluster.client()).list("", {}, {});
    KARP_CHECK(found.has_value());
    return std::move(found).value().items;
  }
  [[nodiscard]] std::size_t running();    // pods
  [[nodiscard]] std::size_t instances();  // pending and running ones
  bool settles(const std::function<bool()>& done, std::chrono::seconds within = 5min);

  // Lines of the controller's log that contain all of `words`.
  [[nodiscard]] std::vector<std::string> lines(const std::vector<std::string>& words) const;
  // Events with that reason about that object.
  [[nodiscard]] std::vector<model::KubeEvent> events(std::string_view reason, std::string_view name);

  static constexpr const char* kToken = "controller-token";

  support::SimRuntime sim;
  devcluster::EmbeddedCluster cluster;
  std::string token = kToken;  // what the controller shows
  // Judge the controller's requests; empty: all pass.
  std::function<Fate(const net::HttpRequest&)> judge_kube;
  std::function<Fate(const net::HttpRequest&)> judge_aws;

 private:
  struct Life {
    explicit Life(AppTest& test);
    ~Life();
    std::unique_ptr<runtime::Runtime> process;
    telemetry::Log log;
    Road kube;
    Road aws;
    kube::Client client;
    std::unique_ptr<app::App> app;
  };

  telemetry::MemorySink sink_;
  telemetry::Metrics metrics_;
  std::unique_ptr<Life> life_;
  std::optional<base::Status> ended_;
};

}  // namespace karpenter::app_test
