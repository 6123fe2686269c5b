#include "common/kube/config.h"

#include <fstream>
#include <iterator>
#include <optional>

#include "common/base/strings.h"
#include "common/json/yaml.h"

namespace karpenter::kube {
namespace {

constexpr auto kTokenLifetime = std::chrono::minutes(1);

base::Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return base::invalid("cannot read file").add("path", path);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (in.bad()) return base::invalid("cannot read file").add("path", path);
  return text;
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

std::string resolve(std::string_view directory, std::string path) {
  return path.empty() || path.starts_with('/') ? path : std::string(directory) + "/" + path;
}

// `KEY-data` in base64, else the file `KEY` names, else "".
base::Result<std::string> read_material(json::View from, const std::string& key, std::string_view directory) {
  if (const auto data = from[key + "-data"].string(); data && !data->empty()) {
    auto decoded = base::base64_decode(*data);
    if (!decoded) return base::invalid("kubeconfig holds malformed base64").add("key", key + "-data");
    return *std::move(decoded);
  }
  const auto path = resolve(directory, from[key].string_or(""));
  if (path.empty()) return std::string();
  return read_file(path);
}

// The entry called `name` of a named list (`clusters`, `users`, `contexts`), at its payload key.
base::Result<json::View> find_named(json::View list, std::string_view name, std::string_view payload) {
  for (const auto item : list.items()) {
    if (item["name"].string_or("") == name) return item[payload];
  }
  return base::invalid("kubeconfig names something it does not define")
      .add("kind", std::string(payload))
      .add("name", std::string(name));
}

base::Status read_cluster(json::View cluster, std::string_view directory, ClusterConfig& out) {
  ASSIGN_OR_RETURN(const auto url, net::parse_url(cluster["server"].string_or("")));
  if (url.target != "/")
    return base::invalid("API server URL with a path is not supported").add("path", url.target);
  out.origin = url.origin;
  ASSIGN_OR_RETURN(out.ca_pem, read_material(cluster, "certificate-authority", directory));
  out.insecure_skip_verify = cluster["insecure-skip-tls-verify"].bool_or(false);
  out.server_name = cluster["tls-server-name"].string_or("");
  return base::ok();
}

base::Status read_user(json::View user, std::string_view directory, ClusterConfig& out) {
  for (const char* refused : {"exec", "auth-provider", "username", "password"}) {
    if (user[refused].exists())
      return base::invalid("kubeconfig user is of an unsupported kind").add("key", refused);
  }
  ASSIGN_OR_RETURN(out.identity.certificate_pem, read_material(user, "client-certificate", directory));
  ASSIGN_OR_RETURN(out.identity.key_pem, read_material(user, "client-key", directory));
  out.token = user["token"].string_or("");
  out.token_file = resolve(directory, user["tokenFile"].string_or(""));
  return base::ok();
}

base::Result<ClusterConfig> read_kubeconfig(const std::string& path) {
  ASSIGN_OR_RETURN(const auto text, read_file(path));
  auto config = parse_kubeconfig(text, directory_of(path));
  if (!config) return std::move(config).error().add("kubeconfig", path);
  return config;
}

base::Result<ClusterConfig> in_cluster(const ConfigSources& sources) {
  ClusterConfig out;
  const auto port = base::parse_int64(sources.service_port);
  if (!port || *port < 1 || *port > 65535) {
    return base::invalid("malformed KUBERNETES_SERVICE_PORT").add("value", sources.service_port);
  }
  out.origin = {.scheme = "https", .host = sources.service_host, .port = static_cast<std::uint16_t>(*port)};
  ASSIGN_OR_RETURN(out.ca_pem, read_file(sources.service_account_directory + "/ca.crt"));
  out.token_file = sources.service_account_directory + "/token";
  RETURN_IF_ERROR(read_file(out.token_file));
  return out;
}

// Remembers the file's content for a minute.
class TokenFile {
 public:
  TokenFile(runtime::Runtime& runtime, std::string path) : runtime_(runtime), path_(std::move(path)) {}
  std::string get() {
    const runtime::Lock lock(mutex_);
    if (const auto now = runtime_.mono(); !fresh_until_ || now >= *fresh_until_) {
      fresh_until_ = now + kTokenLifetime;
      if (const auto text = read_file(path_)) token_ = base::trim(*text);
    }
    return token_;
  }

 private:
  runtime::Runtime& runtime_;
  std::string path_;
  runtime::Mutex mutex_;
  std::string token_;
  std::optional<runtime::Mono> fresh_until_;
};

}  // namespace

base::Result<ClusterConfig> parse_kubeconfig(std::string_view yaml, std::string_view directory) {
  ASSIGN_OR_RETURN(const auto documents, json::parse_yaml(yaml));
  if (documents.size() != 1) return base::invalid("kubeconfig is not one YAML document");
  const auto root = documents.front().view();
  const auto current = root["current-context"].string_or("");
  if (current.empty()) return base::invalid("kubeconfig without current-context");
  ASSIGN_OR_RETURN(const auto context, find_named(root["contexts"], current, "context"));
  ASSIGN_OR_RETURN(const auto cluster,
                   find_named(root["clusters"], context["cluster"].string_or(""), "cluster"));
  ClusterConfig out;
  RETURN_IF_ERROR(read_cluster(cluster, directory, out));
  const auto user_name = context["user"].string_or("");
  if (user_name.empty()) return out;  // anonymous
  ASSIGN_OR_RETURN(const auto user, find_named(root["users"], user_name, "user"));
  RETURN_IF_ERROR(read_user(user, directory, out));
  return out;
}

base::Result<ClusterConfig> find_cluster_config(const ConfigSources& sources) {
  if (!sources.kubeconfig.empty()) return read_kubeconfig(sources.kubeconfig);
  if (!sources.service_host.empty()) return in_cluster(sources);
  const std::string path = sources.home + "/.kube/config";
  if (!sources.home.empty() && std::ifstream(path)) return read_kubeconfig(path);
  return base::invalid(
      "no API server is configured: set KUBECONFIG, run inside a cluster, or write ~/.kube/config");
}

net::ClientTls client_tls(const ClusterConfig& config) {
  return {.ca_pem = config.ca_pem,
          .identity = config.identity,
          .server_name = config.server_name,
          .verify = !config.insecure_skip_verify};
}

std::function<std::string()> token_source(runtime::Runtime& runtime, const ClusterConfig& config) {
  if (!config.token_file.empty()) {
    return [file = std::make_shared<TokenFile>(runtime, config.token_file)] { return file->get(); };
  }
  if (config.token.empty()) return {};
  return [token = config.token] { return token; };
}

}  // namespace karpenter::kube
