#include "tests/devcluster/kube/api_server.h"

#include <algorithm>
#include <utility>

#include "common/base/strings.h"
#include "tests/devcluster/kube/auth.h"
#include "tests/devcluster/kube/context.h"
#include "tests/devcluster/kube/discovery.h"
#include "tests/devcluster/kube/negotiate.h"
#include "tests/devcluster/kube/read.h"
#include "tests/devcluster/kube/remove.h"
#include "tests/devcluster/kube/seed.h"
#include "tests/devcluster/kube/status.h"
#include "tests/devcluster/kube/subresources.h"
#include "tests/devcluster/kube/write.h"

namespace karpenter::devcluster {
namespace {

bool is_health(const RequestInfo& info) {
  return info.path == "/healthz" || info.path == "/livez" || info.path == "/readyz";
}

bool serves_subresource(const Context& context) {
  const std::string& name = context.info.subresource;
  if (name.empty()) return true;
  if (name == "status") return context.version->has_status;
  if (name == "scale") return context.version->scale.has_value();
  return std::ranges::find(context.resource->extra_subresources, name) !=
         context.resource->extra_subresources.end();
}

// Finds what the path names: 404 for what is not served, 405 for verbs it does not have.
base::Status find_resource(Context& context) {
  context.resource = context.world.registry.find(context.info.group, context.info.plural);
  if (context.resource == nullptr) return path_not_found();
  context.version = context.resource->version(context.info.version);
  if (context.version == nullptr || !context.version->served || !serves_subresource(context))
    return path_not_found();
  const bool names_one =
      !context.info.name.empty() || (context.info.verb == "create" && context.info.subresource.empty());
  if (context.resource->namespaced && names_one && context.info.namespace_name.empty())
    return path_not_found();
  if (!context.resource->namespaced && !context.info.namespace_name.empty()) return path_not_found();
  const std::string& verb = context.info.verb;
  const bool collection_write = context.info.name.empty() && (verb == "update" || verb == "patch");
  const bool create_by_name =
      verb == "create" && !context.info.name.empty() && context.info.subresource.empty();
  if (collection_write || create_by_name ||
      (context.info.subresource.empty() && !context.resource->has_verb(verb))) {
    return method_not_allowed("the server does not allow this method on the requested resource");
  }
  if (context.version->deprecation_warning.has_value())
    context.warnings.push_back(*context.version->deprecation_warning);
  return base::ok();
}

base::Status read_dry_run(Context& context) {
  const std::string text = context.info.get("dryRun");
  if (text.empty()) return base::ok();
  if (text != "All") {
    return invalid_object("meta.k8s.io", "CreateOptions", "",
                          {unsupported_value("dryRun", json::Value::of(text), {"All"})});
  }
  context.dry_run = DryRun::kYes;
  return base::ok();
}

base::Result<Outcome> serve_subresource(Context& context, const net::HttpRequest& request) {
  const std::string& name = context.info.subresource;
  const std::string& verb = context.info.verb;
  const bool writes = verb == "update" || verb == "patch";
  if (name == "scale" && verb == "get") return get_scale(context);
  if (name == "scale" && writes) return write_scale(context, request);
  if (name == "binding" && verb == "create") return bind_pod(context, request);
  if (name == "eviction" && verb == "create") return evict_pod(context, request);
  if (name == "status" && verb == "get") return get_object(context);
  if (name == "status" && verb == "update") return replace_object(context, request);
  if (name == "status" && verb == "patch") return patch_object(context, request);
  return method_not_allowed("the server does not allow this method on the requested resource");
}

base::Result<Outcome> serve_verb(Context& context, const net::HttpRequest& request) {
  const std::string& verb = context.info.verb;
  RETURN_IF_ERROR(read_dry_run(context));
  if (!context.info.subresource.empty()) return serve_subresource(context, request);
  if (context.resource->verbs.size() == 1) return answer_review(context, request);
  if (verb == "get") return get_object(context);
  if (verb == "list") return list_objects(context);
  if (verb == "create") return create_object(context, request);
  if (verb == "update") return replace_object(context, request);
  if (verb == "patch") return patch_object(context, request);
  if (verb == "delete") return delete_object(context, request);
  if (verb == "deletecollection") return delete_collection(context, request);
  return method_not_allowed("the server does not allow this method on the requested resource");
}

void add_warnings(const Context& context, net::HttpResponse& response) {
  for (const std::string& warning : context.warnings) {
    const std::string escaped = base::replace_all(base::replace_all(warning, "\\", "\\\\"), "\"", "\\\"");
    response.headers.add("Warning", "299 - \"" + escaped + "\"");
  }
}

net::HttpResponse serve_resource(Context& context, const net::HttpRequest& request) {
  if (auto found = find_resource(context); !found.has_value()) return error_response(found.error());
  const auto shape = negotiate(request);
  if (!shape.has_value()) return error_response(shape.error());
  if (context.info.verb == "watch") {
    auto watch = watch_objects(context, *shape == Shape::kTable);
    return watch.has_value() ? std::move(*watch) : error_response(watch.error());
  }
  auto outcome = serve_verb(context, request);
  net::HttpResponse response = outcome.has_value()
                                   ? net::json_response(outcome->status, body_text(context, *outcome, *shape))
                                   : error_response(outcome.error());
  add_warnings(context, response);
  return response;
}

}  // namespace

struct ApiServer::Impl {
  Impl(runtime::Runtime& runtime, ApiServerOptions options) : world(runtime, std::move(options)) {
    seed(world);
  }

  net::HttpResponse serve(const net::HttpRequest& request, const net::Call& call) {
    if (request.body.size() > world.options.max_body_bytes) return error_response(too_large_body());
    auto info = parse_request(request);
    if (!info.has_value()) return error_response(info.error());
    if (is_health(*info)) return net::text_response(200, "ok");
    auto user = authenticate(world, request);
    if (!user.has_value()) return error_response(user.error());
    if (auto allowed = authorize(world, *user, *info); !allowed.has_value())
      return error_response(allowed.error());
    if (!info->is_resource) {
      auto answer = serve_discovery(world, *info, request);
      return answer.has_value() ? std::move(*answer) : error_response(path_not_found());
    }
    Context context{.world = world,
                    .call = call,
                    .user = std::move(*user),
                    .info = std::move(*info),
                    .resource = nullptr};
    return serve_resource(context, request);
  }

  World world;
};

ApiServer::ApiServer(runtime::Runtime& runtime, ApiServerOptions options)
    : impl_(std::make_unique<Impl>(runtime, std::move(options))) {}
ApiServer::~ApiServer() = default;

net::HttpResponse ApiServer::handle(const net::HttpRequest& request, const net::Call& call) {
  const FaultHooks& faults = impl_->world.options.faults;
  if (faults.before) {
    if (auto answer = faults.before(request); answer.has_value()) return std::move(*answer);
  }
  net::HttpResponse response = impl_->serve(request, call);
  if (faults.after) {
    if (auto answer = faults.after(request); answer.has_value()) return std::move(*answer);
  }
  return response;
}

void ApiServer::cut_watches(std::string_view plural) { impl_->world.storage.cut(plural); }
void ApiServer::compact(std::string_view plural) { impl_->world.storage.compact(plural); }
std::int64_t ApiServer::revision() const { return impl_->world.storage.revision(); }

}  // namespace karpenter::devcluster
