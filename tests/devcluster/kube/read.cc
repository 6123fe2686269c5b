#include "tests/devcluster/kube/read.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "tests/devcluster/kube/conversion.h"
#include "tests/devcluster/kube/status.h"

namespace karpenter::devcluster {
namespace {

struct ContinueToken {
  std::int64_t revision = 0;
  std::string start;  // the last key of the page before
};

std::string encode_token(const ContinueToken& token) {
  json::Value value = json::Value::object();
  value["v"].set("meta.k8s.io/v1");
  value["rv"].set(token.revision);
  value["start"].set(token.start);
  return base::base64_encode(value.dump());
}

base::Result<ContinueToken> decode_token(const std::string& text) {
  const auto bytes = base::base64_decode(text);
  const auto value =
      bytes.has_value() ? json::parse(*bytes) : base::Result<json::Value>(base::invalid("not base64"));
  if (!value.has_value() || !value->view()["start"].is_string())
    return bad_request("continue key is not valid");
  return ContinueToken{value->view()["rv"].integer_or(0), value->view()["start"].string_or("")};
}

base::Error compacted(std::int64_t asked, std::int64_t current) {
  return expired("too old resource version: " + std::to_string(asked) + " (" + std::to_string(current) + ")");
}

struct ListQuery {
  std::int64_t revision = 0;  // 0: the newest
  bool exact = false;
  std::string start;
  std::size_t limit = 0;
};

base::Result<std::int64_t> parse_revision(const std::string& text) {
  if (text.empty()) return 0;
  const auto revision = base::parse_int64(text);
  if (!revision.has_value() || *revision < 0) {
    return invalid_object("", "ListOptions", "",
                          {invalid_value("resourceVersion", json::Value::of(text),
                                         "strconv.ParseUint: parsing: invalid syntax")});
  }
  return *revision;
}

base::Result<ListQuery> list_query(const Context& context) {
  ListQuery query;
  const std::string limit = context.info.get("limit");
  if (!limit.empty())
    query.limit = static_cast<std::size_t>(std::max<std::int64_t>(0, base::parse_int64(limit).value_or(0)));
  if (const auto& page_size = context.world.options.faults.page_size; page_size && query.limit > 0) {
    const std::size_t most = page_size();
    if (most > 0) query.limit = std::min(query.limit, most);
  }
  const std::string version = context.info.get("resourceVersion");
  const std::string match = context.info.get("resourceVersionMatch");
  ASSIGN_OR_RETURN(query.revision, parse_revision(version));
  const std::int64_t current = context.world.storage.revision();
  if (query.revision > current) return too_large_version(query.revision, current);
  query.exact = match == "Exact" || (match.empty() && query.limit > 0 && query.revision > 0);
  if (!match.empty() && version.empty()) {
    return invalid_object(
        "meta.k8s.io", "ListOptions", "",
        {forbidden_value("resourceVersionMatch",
                         "resourceVersionMatch is forbidden unless resourceVersion is provided")});
  }
  if (const std::string token = context.info.get("continue"); !token.empty()) {
    if (!version.empty() && version != "0")
      return bad_request("specifying resource version is not allowed when using continue");
    ASSIGN_OR_RETURN(ContinueToken from, decode_token(token));
    query.revision = from.revision;
    query.start = std::move(from.start);
    query.exact = true;
  }
  return query;
}

base::Result<Snapshot> take_snapshot(const Context& context, const ListQuery& query) {
  const std::string space = context.resource->namespaced ? context.info.namespace_name : "";
  if (!query.exact || query.revision == 0) return context.world.storage.list(context.resource->id(), space);
  auto at = context.world.storage.list_at(context.resource->id(), space, query.revision);
  if (at.has_value()) return at;
  if (query.start.empty()) return compacted(query.revision, context.world.storage.revision());
  return expired(
      "The provided continue parameter is too old to display a consistent list result. You can start a new "
      "list "
      "without the continue parameter, or use the continue token in this response to retrieve the remainder "
      "of "
      "the results. Continuing with the provided token results in an inconsistent list - objects that were "
      "created, modified, or deleted between the time the first chunk was returned and now may show up in "
      "the "
      "list.");
}

// The page of a snapshot: what is selected, and where the next page begins.
struct Page {
  std::vector<Object> objects;
  std::string next;  // last key of this page when more follow
};

base::Result<Page> take_page(const Context& context, const Snapshot& snapshot, const ListQuery& query) {
  ASSIGN_OR_RETURN(const Selection selection, selection_of(context));
  std::vector<std::pair<std::string, Object>> wanted;
  Page page;
  for (const auto& [key, object] : snapshot.objects) {
    if (!query.start.empty() && key <= query.start) continue;
    if (!selection.matches(*object)) continue;
    if (query.limit > 0 && wanted.size() == query.limit) {
      page.next = wanted.back().first;
      break;
    }
    wanted.emplace_back(key, object);
  }
  for (auto& [key, object] : wanted) page.objects.push_back(std::move(object));
  ASSIGN_OR_RETURN(page.objects, read_all(context, page.objects, context.version->name));
  return page;
}

}  // namespace

base::Result<Selection> selection_of(const Context& context) {
  Selection selection;
  ASSIGN_OR_RETURN(selection.labels, parse_label_selector(context.info.get("labelSelector")));
  ASSIGN_OR_RETURN(selection.fields, parse_field_selector(context.info.get("fieldSelector"),
                                                          *context.resource, *context.version));
  // GET of a collection path with a name: a watch of one object.
  if (!context.info.name.empty()) selection.fields.push_back({"metadata.name", context.info.name, true});
  return selection;
}

base::Result<Outcome> get_object(Context& context) {
  const std::string key =
      storage_key(context.resource->namespaced ? context.info.namespace_name : "", context.info.name);
  const Object stored = context.world.storage.get(context.resource->id(), key);
  if (stored == nullptr) return object_not_found(context.resource->subject(), context.info.name);
  ASSIGN_OR_RETURN(const std::int64_t asked, parse_revision(context.info.get("resourceVersion")));
  const std::int64_t current = context.world.storage.revision();
  if (asked > current) return too_large_version(asked, current);
  ASSIGN_OR_RETURN(Object object, read_one(context, stored, context.version->name));
  return Outcome{.status = 200, .object = std::move(object)};
}

base::Result<Outcome> list_objects(Context& context) {
  ASSIGN_OR_RETURN(const ListQuery query, list_query(context));
  ASSIGN_OR_RETURN(const Snapshot snapshot, take_snapshot(context, query));
  ASSIGN_OR_RETURN(const Page page, take_page(context, snapshot, query));
  json::Value list = json::Value::object();
  list["apiVersion"].set(context.resource->api_version(context.version->name));
  list["kind"].set(context.resource->list_kind);
  list["metadata"]["resourceVersion"].set(std::to_string(snapshot.revision));
  if (!page.next.empty()) list["metadata"]["continue"].set(encode_token({snapshot.revision, page.next}));
  return Outcome{.status = 200, .object = make_object(std::move(list)), .items = page.objects};
}

}  // namespace karpenter::devcluster
