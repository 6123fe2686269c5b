#include "common/base/strings.h"
#include "tests/devcluster/aws/ec2.h"

namespace karpenter::devcluster::aws_emulator {
namespace {

// Images are announced to be deprecated two years after their creation.
constexpr std::chrono::hours kImageLife{24 * 730};

bool owned_by(const Account& account, const Image& image, const std::vector<std::string>& owners) {
  if (owners.empty()) return true;
  return std::any_of(owners.begin(), owners.end(), [&](const std::string& owner) {
    if (owner == "self") return image.owner_id == account.options.account_id;
    return owner == image.owner_id || (!image.owner_alias.empty() && owner == image.owner_alias);
  });
}

std::string image_xml(const Image& image) {
  Xml xml;
  xml.text("imageId", image.id)
      .text("imageLocation", image.owner_id + "/" + image.name)
      .text("imageState", "available");
  xml.text("imageOwnerId", image.owner_id).text("creationDate", base::format_rfc3339_milli(image.created));
  xml.text("deprecationTime", base::format_rfc3339_milli(image.created + kImageLife));
  xml.flag("isPublic", !image.owner_alias.empty())
      .text("architecture", image.architecture)
      .text("imageType", "machine");
  if (!image.owner_alias.empty()) xml.text("imageOwnerAlias", image.owner_alias);
  xml.text("name", image.name).text("rootDeviceType", "ebs").text("rootDeviceName", image.root_device);
  xml.node("blockDeviceMapping", [&](Xml& mappings) {
    mappings.node("item", [&](Xml& mapping) {
      mapping.text("deviceName", image.root_device);
      mapping.node("ebs", [&](Xml& ebs) {
        ebs.integer("volumeSize", image.volume_gib)
            .flag("deleteOnTermination", true)
            .text("volumeType", "gp3");
      });
    });
  });
  xml.text("virtualizationType", "hvm").text("hypervisor", "xen").flag("enaSupport", true);
  write_tags(xml, image.tags);
  return xml.str();
}

}  // namespace

base::Result<std::string> describe_images(Ec2Call& call) {
  ASSIGN_OR_RETURN(
      const auto filters,
      read_filters(call.params, {"image-id", "name", "architecture", "owner-id", "owner-alias", "state",
                                 "is-public", "virtualization-type", "root-device-type"}));
  const auto ids = call.params["ImageId"].texts();
  const auto owners = call.params["Owner"].texts();
  const bool deprecated_too = call.params["IncludeDeprecated"].flag(false);
  ASSIGN_OR_RETURN(const auto page, read_page(call, {1, 1000}));
  for (const auto& id : ids) {
    if (find_image(call.account, id) == nullptr) return no_such_id("InvalidAMIID", "image id", id, "ami-");
  }
  RETURN_IF_ERROR(call.ready());
  std::vector<Row> rows;
  for (const auto& [id, image] : call.account.images) {
    if (!ids.empty() && std::find(ids.begin(), ids.end(), id) == ids.end()) continue;
    if (!owned_by(call.account, image, owners)) continue;
    if (!deprecated_too && image.created + kImageLife <= call.account.runtime.now()) continue;
    const Fields fields = {{"image-id", {id}},
                           {"name", {image.name}},
                           {"architecture", {image.architecture}},
                           {"owner-id", {image.owner_id}},
                           {"owner-alias", {image.owner_alias}},
                           {"state", {"available"}},
                           {"is-public", {image.owner_alias.empty() ? "false" : "true"}},
                           {"virtualization-type", {"hvm"}},
                           {"root-device-type", {"ebs"}}};
    if (matches(filters, fields, image.tags)) rows.push_back({id, image_xml(image)});
  }
  return page_of("imagesSet", std::move(rows), page);
}

}  // namespace karpenter::devcluster::aws_emulator
