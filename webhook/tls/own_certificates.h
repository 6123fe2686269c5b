#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "common/kube/client.h"
#include "common/runtime/runtime.h"
#include "common/telemetry/log.h"
#include "webhook/tls/certificates.h"
#include "webhook/tls/injection.h"

namespace karpenter::webhook {

struct OwnCertificateOptions {
  std::string secret_name;
  std::string fallback_secret_name = {};  // used instead when only that one exists; empty: none
  std::string namespace_name;
  std::vector<std::string> services;  // names under which API servers call us; the first is the common name
};

// Keeps a CA and a serving certificate in a Secret, and the CA in every registration of the webhook. Replicas
// need no leader: writes carry the resource version they were decided on, and who loses takes over what the
// winner wrote. Thread-safe; `client` outlives it. spec: conversion §5.8, lifecycle §19.5, §19.7
class OwnCertificates {
 public:
  OwnCertificates(runtime::Runtime& runtime, telemetry::Log log, kube::Client& client,
                  OwnCertificateOptions options);

  // What to serve: empty until the first pass has read or made it.
  [[nodiscard]] net::TlsIdentity current() const;
  // Whether current() is there and has not expired.
  [[nodiscard]] bool ready() const;

  // Reads the Secret, takes at most a few steps, publishes the bundle. Idempotent. True when nothing is left
  // to do for now; false when something was not reached (logged).
  bool pass(const kube::Call& call);
  // A pass every few seconds until `stop`: also repairs what somebody overwrites.
  void run(const std::stop_token& stop);

 private:
  struct Seen {
    CertificateSecret secret;
    std::string resource_version;  // empty: there is no Secret
  };
  base::Result<Seen> read(const kube::Call& call);
  base::Status write(const Seen& seen, const CertificateSecret& wanted, const kube::Call& call);
  base::Result<bool> advance(const kube::Call& call);
  void adopt(const CertificateSecret& secret);
  bool publish(const std::string& ca_bundle, const kube::Call& call);
  base::Status publish_to(const Registration& registration, const Callee& callee, const kube::Call& call);
  void report(const std::string& subject, const base::Status& status);

  runtime::Runtime& runtime_;
  telemetry::Log log_;
  kube::Client& client_;
  OwnCertificateOptions options_;
  std::vector<std::string> names_;
  std::map<std::string, std::string> problems_;  // by subject: a problem that stays is told once
  mutable runtime::Mutex mutex_;
  net::TlsIdentity identity_;
  base::Time expires_ = {};
};

}  // namespace karpenter::webhook
