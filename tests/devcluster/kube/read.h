#pragma once

#include "common/net/http.h"
#include "tests/devcluster/kube/selectors.h"
#include "tests/devcluster/kube/write.h"

namespace karpenter::devcluster {

base::Result<Outcome> get_object(Context& context);
base::Result<Outcome> list_objects(Context& context);
// A 200 whose stream gives one JSON document per line. The server outlives the stream.
base::Result<net::HttpResponse> watch_objects(Context& context, bool as_table);

// The selectors of a list, watch or deletecollection.
[[nodiscard]] base::Result<Selection> selection_of(const Context& context);

}  // namespace karpenter::devcluster
