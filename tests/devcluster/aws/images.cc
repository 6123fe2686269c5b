#include <array>
#include <chrono>

#include "common/base/strings.h"
#include "tests/devcluster/aws/account.h"

// The images EKS and Bottlerocket publish, and the public SSM parameters that name them. spec: aws §8.2

namespace karpenter::devcluster::aws_emulator {
namespace {

constexpr std::string_view kEksOwner = "602401143452";
constexpr std::string_view kBottlerocketOwner = "092701018921";
constexpr std::array<std::string_view, 7> kVersions{"1.29", "1.30", "1.31", "1.32", "1.33", "1.34", "1.35"};
constexpr std::string_view kNoAl2From = "1.33";  // AL2 images end before it

struct Variant {
  std::string_view architecture;
  std::string_view name;  // al2023 and bottlerocket: variant; al2: infix of path and name
};
constexpr std::array<Variant, 5> kAl2023{{{"x86_64", "standard"},
                                          {"x86_64", "nvidia"},
                                          {"x86_64", "neuron"},
                                          {"arm64", "standard"},
                                          {"arm64", "nvidia"}}};
constexpr std::array<Variant, 3> kAl2{{{"x86_64", ""}, {"arm64", "-arm64"}, {"x86_64", "-gpu"}}};
constexpr std::array<Variant, 4> kBottlerocket{
    {{"x86_64", ""}, {"arm64", ""}, {"x86_64", "-nvidia"}, {"arm64", "-nvidia"}}};

std::string add_image(Account& account, Image image) {
  image.id = make_id(account, "ami-");
  const std::string id = image.id;
  account.images.emplace(id, std::move(image));
  return id;
}

void set_parameter(Account& account, const std::string& folder, const std::string& version,
                   std::string_view newest, const std::string& image_id) {
  account.parameters[folder + "/" + version + "/image_id"] = image_id;
  account.parameters[folder + "/" + std::string(newest) + "/image_id"] = image_id;
}

void release_al2023(Account& account, const std::string& version, Time created) {
  for (const auto kubernetes : kVersions) {
    for (const auto& variant : kAl2023) {
      const std::string kind = std::string(variant.architecture) + "-" + std::string(variant.name);
      const std::string name =
          "amazon-eks-node-al2023-" + kind + "-" + std::string(kubernetes) + "-" + version;
      const auto id = add_image(account, {"", name, std::string(variant.architecture), std::string(kEksOwner),
                                          "amazon", "/dev/xvda", 20, created});
      const std::string folder = "/aws/service/eks/optimized-ami/" + std::string(kubernetes) +
                                 "/amazon-linux-2023/" + std::string(variant.architecture) + "/" +
                                 std::string(variant.name);
      set_parameter(account, folder, name, "recommended", id);
    }
  }
}

void release_al2(Account& account, const std::string& version, Time created) {
  for (const auto kubernetes : kVersions) {
    if (kubernetes >= kNoAl2From) continue;
    for (const auto& variant : kAl2) {
      const std::string name =
          "amazon-eks" + std::string(variant.name) + "-node-" + std::string(kubernetes) + "-" + version;
      const auto id = add_image(account, {"", name, std::string(variant.architecture), std::string(kEksOwner),
                                          "amazon", "/dev/xvda", 20, created});
      const std::string folder = "/aws/service/eks/optimized-ami/" + std::string(kubernetes) +
                                 "/amazon-linux-2" + std::string(variant.name);
      set_parameter(account, folder, name, "recommended", id);
    }
  }
}

void release_bottlerocket(Account& account, const std::string& version, Time created) {
  for (const auto kubernetes : kVersions) {
    for (const auto& variant : kBottlerocket) {
      const std::string kind = "aws-k8s-" + std::string(kubernetes) + std::string(variant.name);
      const std::string name =
          "bottlerocket-" + kind + "-" + std::string(variant.architecture) + "-v" + version;
      const auto id =
          add_image(account, {"", name, std::string(variant.architecture), std::string(kBottlerocketOwner),
                              "amazon", "/dev/xvda", 20, created});
      set_parameter(account, "/aws/service/bottlerocket/" + kind + "/" + std::string(variant.architecture),
                    version, "latest", id);
    }
  }
}

// The first release of a family is 30 days old; each further one is named after the next day.
std::string release_version(std::string_view family, int release) {
  if (family == "bottlerocket") return "1." + std::to_string(50 + release) + ".0";
  const auto day = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} + std::chrono::days{release};
  return "v" + base::format_basic_iso8601(Time{day}).substr(0, 8);
}

}  // namespace

base::Result<std::string> release_images(Account& account, std::string_view family) {
  using Release = void (*)(Account&, const std::string&, Time);
  static const std::map<std::string_view, Release> families = {
      {"al2", release_al2}, {"al2023", release_al2023}, {"bottlerocket", release_bottlerocket}};
  const auto found = families.find(family);
  if (found == families.end())
    return base::invalid("unknown image family").add("family", std::string(family));
  const int release = account.ami_releases[std::string(family)]++;
  const auto version = release_version(family, release);
  const auto created =
      account.runtime.now() - (release == 0 ? std::chrono::hours(24 * 30) : std::chrono::hours(0));
  found->second(account, version, created);
  return version;
}

void seed_images(Account& account) {
  for (const std::string_view family : {"al2", "al2023", "bottlerocket"}) {
    static_cast<void>(release_images(account, family));  // known families cannot fail
  }
  for (const std::string architecture : {"x86_64", "arm64"}) {
    Image own{"",           "custom-node-" + architecture,
              architecture, account.options.account_id,
              "",           "/dev/xvda",
              20,           account.runtime.now() - std::chrono::hours(24 * 10)};
    own.tags = {{"karpenter.sh/discovery", account.options.cluster_name}};
    add_image(account, std::move(own));
  }
}

}  // namespace karpenter::devcluster::aws_emulator
