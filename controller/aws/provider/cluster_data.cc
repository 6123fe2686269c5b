#include "controller/aws/provider/cluster_data.h"

#include <utility>

#include "common/base/strings.h"
#include "common/kube/api.h"
#include "common/model/core/core.h"

namespace karpenter::aws {
namespace {

constexpr std::int64_t kMinMinor = 26;
constexpr std::int64_t kMaxMinor = 37;

bool is_supported(std::string_view version) {
  const auto parts = base::split(version, '.');
  const auto minor = parts.size() == 2 ? base::parse_int64(parts[1]) : std::nullopt;
  return minor && parts[0] == "1" && *minor >= kMinMinor && *minor <= kMaxMinor;
}

}  // namespace

ClusterData::ClusterData(EksApi& eks, kube::Client& kube, telemetry::Log& log, Options options)
    : eks_(eks), kube_(kube), log_(log), options_(std::move(options)) {}

base::Status ClusterData::start(const Call& call) {
  std::string endpoint = options_.endpoint;
  if (endpoint.empty()) {
    auto cluster = eks_.describe_cluster(options_.name, call);
    if (!cluster) {
      return std::move(cluster)
          .error()
          .add("step", "cluster endpoint from EKS")
          .add("cluster", options_.name);
    }
    endpoint = cluster->endpoint;
  }
  std::string dns;
  if (const auto service = kube::Api<model::Service>(kube_).get({"kube-system", "kube-dns"}, call)) {
    dns = service->cluster_ip == "None" ? "" : service->cluster_ip;
  } else {
    log_.debug("unable to detect the cluster DNS address", {{"detail", service.error().text()}});
  }
  {
    runtime::Lock lock(mutex_);
    endpoint_ = endpoint;
    dns_address_ = dns;
  }
  const auto version = update_version(call);
  if (!version) return base::Error(version.error()).add("step", "Kubernetes version");
  log_.debug("discovered cluster",
             {{"cluster-endpoint", endpoint}, {"kube-dns-ip", dns}, {"version", this->version()}});
  return base::ok();
}

base::Result<std::string> ClusterData::read_version(const Call& call) {
  if (options_.eks_control_plane) {
    ASSIGN_OR_RETURN(const EksCluster cluster, eks_.describe_cluster(options_.name, call));
    return cluster.version;
  }
  net::HttpRequest request;
  request.target = "/version";
  ASSIGN_OR_RETURN(const json::Value answer, kube_.send(std::move(request), call));
  std::string minor = answer["minor"].string_or("");
  while (minor.ends_with('+')) minor.pop_back();
  return answer["major"].string_or("") + "." + minor;
}

base::Status ClusterData::update_version(const Call& call) {
  ASSIGN_OR_RETURN(const std::string found, read_version(call));
  bool report = false;
  {
    runtime::Lock lock(mutex_);
    version_ = found;
    report = !is_supported(found) && std::exchange(reported_version_, found) != found;
  }
  if (report) {
    log_.error(base::invalid("this Kubernetes version is not supported"), "unsupported Kubernetes version",
               {{"version", found}, {"supported", "1.26 to 1.37"}});
  }
  return base::ok();
}

base::Result<std::string> ClusterData::service_cidr(const Call& call) {
  {
    runtime::Lock lock(mutex_);
    if (!service_cidr_.empty()) return service_cidr_;
  }
  auto cluster = eks_.describe_cluster(options_.name, call);
  if (!cluster) {
    base::Error error = std::move(cluster).error();
    error.reason = "ClusterCIDRResolutionFailed";
    if (!error.retry_after && error.code != base::Code::kUnavailable) error.code = base::Code::kNotReady;
    return std::move(error).add("cluster", options_.name);
  }
  std::string cidr =
      cluster->service_ipv4_cidr.empty() ? cluster->service_ipv6_cidr : cluster->service_ipv4_cidr;
  if (cidr.empty()) {
    auto error = base::make_error(base::Code::kNotReady, "EKS reports no service CIDR");
    error.reason = "ClusterCIDRResolutionFailed";
    return std::move(error).add("cluster", options_.name);
  }
  runtime::Lock lock(mutex_);
  service_cidr_ = cidr;
  return cidr;
}

std::string ClusterData::endpoint() const {
  runtime::Lock lock(mutex_);
  return endpoint_;
}
std::string ClusterData::dns_address() const {
  runtime::Lock lock(mutex_);
  return dns_address_;
}
bool ClusterData::is_ipv6() const { return dns_address().find(':') != std::string::npos; }
std::string ClusterData::version() const {
  runtime::Lock lock(mutex_);
  return version_;
}

}  // namespace karpenter::aws
