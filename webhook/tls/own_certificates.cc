#include "webhook/tls/own_certificates.h"

#include <algorithm>
#include <utility>

#include "common/net/crypto.h"

namespace karpenter::webhook {
namespace {

constexpr kube::Kind kSecret{
    .group = "", .version = "v1", .kind = "Secret", .plural = "secrets", .namespaced = true};
constexpr kube::Kind kCrd{.group = "apiextensions.k8s.io",
                          .version = "v1",
                          .kind = "CustomResourceDefinition",
                          .plural = "customresourcedefinitions"};
constexpr kube::Kind kMutating{.group = "admissionregistration.k8s.io",
                               .version = "v1",
                               .kind = "MutatingWebhookConfiguration",
                               .plural = "mutatingwebhookconfigurations"};
constexpr kube::Kind kValidating{.group = "admissionregistration.k8s.io",
                                 .version = "v1",
                                 .kind = "ValidatingWebhookConfiguration",
                                 .plural = "validatingwebhookconfigurations"};

constexpr int kMaxSteps = 4;  // create, or stage and promote, and a lost race or two
constexpr auto kPassLimit = std::chrono::seconds(20);
constexpr auto kQuiet = std::chrono::seconds(10);  // between passes when all is well
constexpr auto kFirstRetry = std::chrono::milliseconds(500);

const kube::Kind& kind_of(RegistrationKind kind) {
  if (kind == RegistrationKind::kCrd) return kCrd;
  return kind == RegistrationKind::kMutating ? kMutating : kValidating;
}

std::string_view name_of(CertificateStep step) {
  switch (step) {
    case CertificateStep::kCreate:
      return "create";
    case CertificateStep::kStage:
      return "publish the next";
    case CertificateStep::kPromote:
      return "serve the next";
    case CertificateStep::kKeep:
      break;
  }
  return "keep";
}

}  // namespace

OwnCertificates::OwnCertificates(runtime::Runtime& runtime, telemetry::Log log, kube::Client& client,
                                 OwnCertificateOptions options)
    : runtime_(runtime),
      log_(std::move(log)),
      client_(client),
      options_(std::move(options)),
      names_(certificate_names(options_.services, options_.namespace_name)) {}

net::TlsIdentity OwnCertificates::current() const {
  const runtime::Lock lock(mutex_);
  return identity_;
}

bool OwnCertificates::ready() const {
  const auto now = runtime_.now();
  const runtime::Lock lock(mutex_);
  return now < expires_;
}

void OwnCertificates::adopt(const CertificateSecret& secret) {
  const auto facts = net::read_certificate(secret.current.certificate_pem);
  if (!facts || !is_usable(secret.current, secret.ca_bundle, runtime_.now())) return;
  const runtime::Lock lock(mutex_);
  if (identity_ == secret.current) return;
  identity_ = secret.current;
  expires_ = facts->not_after;
}

base::Result<OwnCertificates::Seen> OwnCertificates::read(const kube::Call& call) {
  const auto get = [&](const std::string& name) {
    return client_.send(kube::get_request(kSecret, {.namespace_name = options_.namespace_name, .name = name}),
                        call);
  };
  auto secret = get(options_.secret_name);
  if (secret.failed_with(base::Code::kNotFound) && !options_.fallback_secret_name.empty()) {
    // Looked for once: afterwards it is clear which of the two is ours.
    const auto fallback = std::exchange(options_.fallback_secret_name, {});
    secret = get(fallback);
    if (secret) options_.secret_name = fallback;
  }
  if (secret.failed_with(base::Code::kNotFound)) return Seen{};
  if (!secret) return std::move(secret).error().add("Secret", options_.secret_name);
  return Seen{.secret = read_certificate_secret(*secret),
              .resource_version = secret->view()["metadata"]["resourceVersion"].string_or("")};
}

base::Status OwnCertificates::write(const Seen& seen, const CertificateSecret& wanted,
                                    const kube::Call& call) {
  json::Value body = json::Value::object();
  body["data"].set(write_certificate_data(wanted));
  if (!seen.resource_version.empty()) {
    body["metadata"]["resourceVersion"].set(seen.resource_version);
    const model::ObjectKey key{.namespace_name = options_.namespace_name, .name = options_.secret_name};
    ASSIGN_OR_RETURN(
        const auto patched,
        client_.send(kube::patch_request(kSecret, key, kube::PatchType::kMerge, body, ""), call));
    return base::ok();
  }
  body["apiVersion"].set("v1");
  body["kind"].set("Secret");
  body["type"].set("Opaque");
  body["metadata"]["name"].set(options_.secret_name);
  body["metadata"]["namespace"].set(options_.namespace_name);
  for (const auto& [key, value] : json::Value(body["data"].view()).view().members()) {
    if (value.is_null()) body["data"].erase(key);
  }
  ASSIGN_OR_RETURN(const auto created,
                   client_.send(kube::create_request(kSecret, options_.namespace_name, body), call));
  return base::ok();
}

// One look at the Secret and at most one step. False: look again.
base::Result<bool> OwnCertificates::advance(const kube::Call& call) {
  ASSIGN_OR_RETURN(const auto seen, read(call));
  adopt(seen.secret);
  const bool published = publish(seen.secret.ca_bundle, call);
  const CertificateState state{
      .now = runtime_.now(), .secret = seen.secret, .names = names_, .published = published};
  const auto step = plan_certificates(state);
  if (step == CertificateStep::kKeep) {
    if (published) return true;
    return base::make_error(base::Code::kNotReady, "not every registration holds the CA bundle");
  }
  ASSIGN_OR_RETURN(const auto wanted, take_step(step, state));
  const auto written = write(seen, wanted, call);
  const bool lost =
      written.failed_with(base::Code::kConflict) || written.failed_with(base::Code::kAlreadyExists);
  if (!written && !lost) return base::Error(written.error()).add("Secret", options_.secret_name);
  if (!lost)
    log_.info("wrote serving certificate", {{"step", name_of(step)}, {"Secret", options_.secret_name}});
  return false;
}

bool OwnCertificates::pass(const kube::Call& call) {
  for (int step = 0; step < kMaxSteps; ++step) {
    const auto done = advance(call);
    if (done && !*done) continue;
    const bool told = done.failed_with(base::Code::kNotReady);  // each registration by its name
    report("certificates", done || told ? base::ok() : base::Status(done.error()));
    return done.has_value();
  }
  return false;
}

// True when every registration that is installed holds the bundle.
bool OwnCertificates::publish(const std::string& ca_bundle, const kube::Call& call) {
  if (ca_bundle.empty()) return true;  // nothing to trust yet
  const Callee callee{
      .services = options_.services, .namespace_name = options_.namespace_name, .ca_bundle = ca_bundle};
  bool all = true;
  for (const auto& registration : registrations()) {
    const auto status = publish_to(registration, callee, call);
    report(std::string(registration.name), status);
    // A CRD that its owner has set up otherwise is not called through us: nothing waits for it.
    all = all && (status.has_value() || status.failed_with(base::Code::kInvalid));
  }
  return all;
}

base::Status OwnCertificates::publish_to(const Registration& registration, const Callee& callee,
                                         const kube::Call& call) {
  const auto& kind = kind_of(registration.kind);
  const model::ObjectKey key{.namespace_name = "", .name = std::string(registration.name)};
  auto object = client_.send(kube::get_request(kind, key), call);
  if (object.failed_with(base::Code::kNotFound)) return base::ok();
  if (!object) return std::move(object).error();
  ASSIGN_OR_RETURN(const auto patch, plan_injection(registration, *object, callee));
  if (patch.view().size() == 0) return base::ok();
  ASSIGN_OR_RETURN(const auto patched,
                   client_.send(kube::patch_request(kind, key, kube::PatchType::kJson, patch, ""), call));
  log_.info("published CA bundle", {{"kind", kind.kind}, {"name", registration.name}});
  return base::ok();
}

void OwnCertificates::report(const std::string& subject, const base::Status& status) {
  if (status || status.failed_with(base::Code::kCancelled)) {
    problems_.erase(subject);
    return;
  }
  auto& told = problems_[subject];
  if (std::exchange(told, status.error().text()) == status.error().text()) return;
  log_.error(status.error(), "cannot keep the serving certificate in order", {{"subject", subject}});
}

void OwnCertificates::run(const std::stop_token& stop) {
  std::chrono::milliseconds retry = kFirstRetry;
  for (;;) {
    const bool fine = pass(runtime::within(runtime_, {.stop = stop}, kPassLimit));
    const auto pause = fine ? std::chrono::milliseconds(kQuiet) : retry;
    retry = fine ? kFirstRetry : std::min<std::chrono::milliseconds>(retry * 2, kQuiet);
    if (!runtime::sleep_for(runtime_, pause, {.stop = stop})) return;
  }
}

}  // namespace karpenter::webhook
