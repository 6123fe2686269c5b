#pragma once

#include <string>

#include "common/net/tls.h"
#include "common/runtime/runtime.h"
#include "common/telemetry/log.h"

namespace karpenter::webhook {

// A serving certificate from two PEM files, read again when a file changes, so that rotation needs no restart
// and drops no request. A pair that does not belong together, or cannot be read, is logged and the last good
// one stays. Thread-safe.
class FileIdentity {
 public:
  // kInvalid with the path when the first read fails.
  static base::Result<std::unique_ptr<FileIdentity>> open(runtime::Runtime& runtime, telemetry::Log log,
                                                          std::string certificate_path, std::string key_path);
  // The present identity. Looks at the files at most once a second.
  [[nodiscard]] net::TlsIdentity current();

 private:
  FileIdentity(runtime::Runtime& runtime, telemetry::Log log, std::string certificate_path,
               std::string key_path);
  [[nodiscard]] base::Result<net::TlsIdentity> read() const;

  runtime::Runtime& runtime_;
  telemetry::Log log_;
  std::string certificate_path_;
  std::string key_path_;
  runtime::Mutex mutex_;
  net::TlsIdentity identity_;
  runtime::Mono next_look_ = {};
};

}  // namespace karpenter::webhook
