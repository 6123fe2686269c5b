// Writes the CustomResourceDefinitions and the reference pages, one file per kind.
// Usage: karpenter-crdgen CRDS [REFERENCE]    (normally: build/dev/bin/karpenter-crdgen manifests/crds
// docs/reference)

#include <cstdio>
#include <fstream>
#include <string>

#include "common/json/yaml.h"
#include "common/schema/crd.h"
#include "common/schema/reference.h"

namespace {

bool write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.close();
  if (!file) std::fprintf(stderr, "cannot write %s\n", path.c_str());
  return static_cast<bool>(file);
}

bool write_crds(const std::string& directory) {
  for (const auto& crd : karpenter::schema::crds()) {
    const std::string name = std::string(crd.group) + "_" + std::string(crd.plural) + ".yaml";
    const auto manifest = karpenter::json::to_yaml(karpenter::schema::crd_manifest(crd));
    if (!write(directory + "/" + name, manifest)) return false;
  }
  return true;
}

bool write_reference(const std::string& directory) {
  const auto kinds = karpenter::schema::described_kinds();
  for (const auto& crd : kinds) {
    const auto path = directory + "/" + karpenter::schema::reference_file(crd);
    if (!write(path, karpenter::schema::reference_page(crd))) return false;
  }
  return write(directory + "/README.md", karpenter::schema::reference_index(kinds));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3 || argv[1][0] == '-') {
    std::fputs("usage: karpenter-crdgen CRDS [REFERENCE]\n", stderr);
    return 2;
  }
  const bool is_written = write_crds(argv[1]) && (argc == 2 || write_reference(argv[2]));
  return is_written ? 0 : 1;
}
