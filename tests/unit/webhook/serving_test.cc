#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "common/net/beast/beast.h"
#include "common/net/beast/socket.h"
#include "common/net/crypto.h"
#include "webhook/handlers/webhook_handler.h"
#include "webhook/tls/file_identity.h"

namespace karpenter::webhook {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr auto kLong = seconds(20);  // only a bound on a broken run

// The real runtime with a monotonic clock that can be moved on.
class SkippingRuntime final : public runtime::Runtime {
 public:
  explicit SkippingRuntime(runtime::Runtime& real) : real_(real) {}
  void skip(seconds by) { skipped_ += by.count(); }
  runtime::Time now() const override { return real_.now(); }
  runtime::Mono mono() const override { return real_.mono() + seconds(skipped_); }
  std::uint64_t random() override { return real_.random(); }
  std::unique_ptr<runtime::Event> make_event() override { return real_.make_event(); }
  void spawn(std::string name, std::function<void(std::stop_token)> body) override {
    real_.spawn(std::move(name), std::move(body));
  }
  void stop_all() override { real_.stop_all(); }
  void join_all() override { real_.join_all(); }

 private:
  runtime::Runtime& real_;
  std::atomic<std::int64_t> skipped_ = 0;
};

class Serving : public testing::Test {
 protected:
  Serving() : ca_(certificate("ca", true, {})), other_ca_(certificate("other ca", true, {})) {
    std::filesystem::create_directories(folder_);
    install(certificate("first", false, ca_));
  }
  ~Serving() override {
    server_.reset();
    runtime_->stop_all();
    runtime_->join_all();
    std::filesystem::remove_all(folder_);
  }

  net::TlsIdentity certificate(std::string name, bool is_ca, const net::TlsIdentity& issuer) {
    return net::make_certificate({.common_name = std::move(name),
                                  .organizations = {},
                                  .dns_names = {"localhost"},
                                  .ip_addresses = {"127.0.0.1"},
                                  .not_before = runtime_->now() - std::chrono::hours(1),
                                  .not_after = runtime_->now() + std::chrono::hours(1),
                                  .is_ca = is_ca},
                                 issuer)
        .value();
  }
  static void write(const std::string& path, const std::string& text) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << text;
  }
  void install(const net::TlsIdentity& identity) {
    write(certificate_path_, identity.certificate_pem);
    write(key_path_, identity.key_pem);
  }
  base::Result<std::unique_ptr<FileIdentity>> open() {
    return FileIdentity::open(skipping_, log_, certificate_path_, key_path_);
  }
  static std::string name_of(const net::TlsIdentity& identity) {
    return net::read_certificate(identity.certificate_pem)->common_name;
  }
  void serve(net::ServerOptions options) {
    identity_ = open().value();
    options.tls = [this] { return identity_->current(); };
    options.on_error = [this](const base::Error&) { ++errors_; };
    server_ = net::start_server(*runtime_, handler_, std::move(options)).value();
  }
  base::Result<net::HttpResponse> post(const net::TlsIdentity& ca, std::string target, std::string body) {
    net::ClientOptions options;
    options.tls = [&ca](const net::Origin&) { return net::ClientTls{.ca_pem = ca.certificate_pem}; };
    const auto client = net::make_beast_transport(*runtime_, std::move(options));
    net::HttpRequest request;
    request.method = "POST";
    request.origin = {"https", "127.0.0.1", server_->port()};
    request.target = std::move(target);
    request.headers.add("Content-Type", "application/json");
    request.body = std::move(body);
    return client->send(request, {});
  }

  std::unique_ptr<runtime::Runtime> runtime_ = runtime::make_real_runtime();
  SkippingRuntime skipping_{*runtime_};
  telemetry::MemorySink sink_;
  telemetry::Log log_{*runtime_, sink_, {}};
  telemetry::Metrics metrics_;
  WebhookHandler handler_{*runtime_, log_, metrics_, {}};
  std::string folder_ =
      testing::TempDir() + "serving_test_" + testing::UnitTest::GetInstance()->current_test_info()->name();
  std::string certificate_path_ = folder_ + "/tls.crt";
  std::string key_path_ = folder_ + "/tls.key";
  net::TlsIdentity ca_;
  net::TlsIdentity other_ca_;
  std::atomic<int> errors_ = 0;
  std::unique_ptr<FileIdentity> identity_;
  std::unique_ptr<net::Server> server_;
};

TEST_F(Serving, refuses_to_start_without_a_usable_pair) {
  const auto first = certificate("first", false, ca_);
  const auto fails_with = [&](const net::TlsIdentity& identity, const std::string& path) {
    install(identity);
    const auto opened = open();
    EXPECT_FALSE(opened);
    EXPECT_TRUE(!opened && opened.error().code == base::Code::kInvalid);
    EXPECT_TRUE(!opened && opened.error().text().find(path) != std::string::npos);
  };
  fails_with({.certificate_pem = "nonsense", .key_pem = first.key_pem}, certificate_path_);
  fails_with({.certificate_pem = "", .key_pem = ""}, certificate_path_);
  fails_with({.certificate_pem = first.certificate_pem, .key_pem = "nonsense"}, key_path_);
  fails_with({.certificate_pem = first.certificate_pem, .key_pem = ca_.key_pem}, key_path_);
  std::filesystem::remove(key_path_);
  const auto missing = open();
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().text().find(key_path_), std::string::npos);
}

TEST_F(Serving, keeps_the_last_good_certificate_and_takes_the_next_one) {
  const auto identity = open().value();
  EXPECT_EQ(name_of(identity->current()), "first");
  const auto second = certificate("second", false, ca_);

  write(certificate_path_, second.certificate_pem);  // half of a rotation: the key is still the old one
  EXPECT_EQ(name_of(identity->current()), "first") << "looks at most once a second";
  skipping_.skip(seconds(2));
  EXPECT_EQ(name_of(identity->current()), "first");
  ASSERT_EQ(sink_.lines().size(), 1U);
  EXPECT_NE(sink_.lines()[0].find("keeping the last good certificate"), std::string::npos);
  EXPECT_NE(sink_.lines()[0].find(key_path_), std::string::npos);

  std::filesystem::remove(certificate_path_);
  skipping_.skip(seconds(2));
  EXPECT_EQ(name_of(identity->current()), "first");

  install(second);
  skipping_.skip(seconds(2));
  EXPECT_EQ(name_of(identity->current()), "second");
  EXPECT_TRUE(net::is_pair(identity->current().certificate_pem, identity->current().key_pem));
}

TEST_F(Serving, survives_bad_clients_and_rotates_without_a_restart) {
  net::ServerOptions options;
  options.max_body_bytes = 4096;
  options.header_timeout = milliseconds(50);
  options.body_timeout = milliseconds(50);
  serve(std::move(options));
  const std::string review =
      R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u",)"
      R"("operation":"DELETE","kind":{"group":"karpenter.sh","version":"v1","kind":"NodePool"}}})";
  const auto serves = [&](const net::TlsIdentity& ca) {
    const auto answer = post(ca, "/validate/karpenter.sh", review);
    return answer && answer->status == 200 && answer->body.find("\"allowed\":true") != std::string::npos;
  };
  EXPECT_TRUE(serves(ca_));
  EXPECT_FALSE(post(other_ca_, "/validate/karpenter.sh", review))
      << "a client that trusts another CA refuses";

  const auto large = post(ca_, "/validate/karpenter.sh", std::string(8192, 'x'));
  EXPECT_TRUE(!large || large->status == 413);

  net::Socket slow;
  const net::ClientTls tls{.ca_pem = ca_.certificate_pem};
  ASSERT_TRUE(slow.connect("127.0.0.1", server_->port(), kLong));
  ASSERT_TRUE(slow.handshake_client(net::make_client_context(tls).value(), tls, "127.0.0.1", kLong));
  ASSERT_TRUE(slow.write("POST /validate/karpenter.sh HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf",
                         kLong));
  const auto answer = slow.read(kLong);
  EXPECT_TRUE(!answer || answer->empty() || answer->starts_with("HTTP/1.1 408")) << *answer;

  net::Socket plain;  // no TLS at all
  ASSERT_TRUE(plain.connect("127.0.0.1", server_->port(), kLong));
  ASSERT_TRUE(plain.write("GET / HTTP/1.1\r\n\r\n", kLong));
  while (auto bytes = plain.read(kLong)) {
    if (bytes->empty()) break;
  }
  EXPECT_TRUE(serves(ca_));

  install(certificate("second", false, other_ca_));
  skipping_.skip(seconds(2));
  EXPECT_TRUE(serves(other_ca_));
  EXPECT_FALSE(serves(ca_));
  EXPECT_GT(errors_, 0);
}

}  // namespace
}  // namespace karpenter::webhook
