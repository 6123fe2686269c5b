// Writes the CustomResourceDefinitions into a directory, one file per kind.
// Usage: karpenter-crdgen DIRECTORY    (normally: build/dev/bin/karpenter-crdgen manifests/crds)

#include <cstdio>
#include <fstream>
#include <string>

#include "common/json/yaml.h"
#include "common/schema/crd.h"

int main(int argc, char** argv) {
  if (argc != 2 || argv[1][0] == '-') {
    std::fputs("usage: karpenter-crdgen DIRECTORY\n", stderr);
    return 2;
  }
  for (const auto& crd : karpenter::schema::crds()) {
    const std::string path =
        std::string(argv[1]) + "/" + std::string(crd.group) + "_" + std::string(crd.plural) + ".yaml";
    std::ofstream file(path, std::ios::trunc);
    file << karpenter::json::to_yaml(karpenter::schema::crd_manifest(crd));
    file.close();
    if (!file) {
      std::fprintf(stderr, "cannot write %s\n", path.c_str());
      return 1;
    }
  }
  return 0;
}
