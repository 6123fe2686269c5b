#pragma once

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "tests/devcluster/aws/account.h"
#include "tests/devcluster/aws/wire.h"

// EC2, query protocol 2016-11-15. spec: aws §2.6, §2.10

namespace karpenter::devcluster::aws_emulator {

// One running request. Account::mutex is held.
struct Ec2Call {
  Account& account;
  const Form& form;
  std::string_view body;  // of the request: what a client token stands for
  Param params;
  bool dry_run = false;
  [[nodiscard]] std::string fingerprint() const;  // of the body, for client tokens
  // After every parameter has been read: malformed and unknown ones, then the answer of a dry run.
  [[nodiscard]] base::Status ready() const;
};

// Answers the XML inside <OperationResponse>.
using Ec2Operation = base::Result<std::string> (*)(Ec2Call&);
struct Ec2Entry {
  Ec2Operation run;
  bool mutating;  // counts against the mutating token bucket
};
[[nodiscard]] const Ec2Entry* find_ec2_operation(std::string_view name);

// --- filters ---
struct Filter {
  std::string name;
  std::vector<std::string> values;
};
// What a row answers per filter name.
using Fields = std::map<std::string_view, std::vector<std::string>>;

// Reads Filter.N. A name outside `known` (or tag:*, tag-key) is InvalidParameterValue, as is a filter without
// values.
[[nodiscard]] base::Result<std::vector<Filter>> read_filters(const Param& params,
                                                             std::initializer_list<std::string_view> known);
// All filters hold; within one, any value. Values may use * and ?.
[[nodiscard]] bool matches(const std::vector<Filter>& filters, const Fields& fields, const Tags& tags);
[[nodiscard]] bool wildcard_match(std::string_view pattern, std::string_view text);

// --- pages ---
struct Row {
  std::string key;  // rows are ordered by it
  std::string xml;  // inside <item>
};
struct Page {
  std::size_t limit = 0;
  std::string after;  // key of the last row of the page before
};
struct PageBounds {
  std::int64_t min = 5;
  std::int64_t max = 1000;
};
[[nodiscard]] base::Result<Page> read_page(const Ec2Call& call, PageBounds bounds);
// <set><item>...</item></set> and, when rows are left, <nextToken>.
[[nodiscard]] std::string page_of(std::string_view set, std::vector<Row> rows, const Page& page);

// --- pieces ---
void write_tags(Xml& xml, const Tags& tags);  // <tagSet>, only when there are tags
// Tag.1.Key, Tag.1.Value below `parent`.
[[nodiscard]] Tags read_tags(const Param& parent);
// TagSpecification.N: by resource type. A type outside `allowed` is InvalidParameterValue.
[[nodiscard]] base::Result<std::map<std::string, Tags>> read_tag_specifications(
    const Param& params, std::initializer_list<std::string_view> allowed);
// Checks key and value lengths and the reserved prefix aws:.
[[nodiscard]] base::Status check_tags(const Tags& tags);
[[nodiscard]] base::Error invalid_value(std::string_view value, std::string_view parameter,
                                        std::string_view why = "");
// The error of an id that is no id ("InvalidSubnetID.Malformed") or nobody's ("InvalidSubnetID.NotFound").
[[nodiscard]] base::Error no_such_id(std::string_view code, std::string_view what, std::string_view id,
                                     std::string_view prefix);

// Repeats of a call with the same client token get the first answer again, whatever has changed since. `work`
// reads and checks the rest of the request; its errors are not remembered.
template <class Work>
[[nodiscard]] base::Result<std::string> idempotently(Ec2Call& call, std::string_view operation,
                                                     const Work& work) {
  const auto token = call.params["ClientToken"].text_or("");
  if (token.empty()) return work();
  const std::string key = std::string(operation) + "/" + token;
  auto& calls = call.account.idempotent_calls;
  if (const auto found = calls.find(key); found != calls.end()) {
    if (found->second.request == call.fingerprint()) return found->second.answer;
    return failure("IdempotentParameterMismatch",
                   "The request uses the same client token as a previous, but non-identical request.");
  }
  auto answer = work();
  if (answer) calls[key] = {call.fingerprint(), *answer};
  return answer;
}

// ec2_launch_templates.cc
// The LaunchTemplateSpecification below `spec` (id or name, version).
// InvalidLaunchTemplateName.NotFoundException.
[[nodiscard]] base::Result<const LaunchTemplate*> find_launch_template(const Ec2Call& call,
                                                                       const Param& spec);

// --- operations, by file ---
base::Result<std::string> describe_instance_types(Ec2Call& call);  // ec2_types.cc
base::Result<std::string> describe_instance_type_offerings(Ec2Call& call);
base::Result<std::string> describe_spot_price_history(Ec2Call& call);
base::Result<std::string> describe_availability_zones(Ec2Call& call);  // ec2_network.cc
base::Result<std::string> describe_subnets(Ec2Call& call);
base::Result<std::string> describe_security_groups(Ec2Call& call);
base::Result<std::string> describe_placement_groups(Ec2Call& call);
base::Result<std::string> describe_capacity_reservations(Ec2Call& call);
base::Result<std::string> describe_images(Ec2Call& call);            // ec2_images.cc
base::Result<std::string> describe_launch_templates(Ec2Call& call);  // ec2_launch_templates.cc
base::Result<std::string> create_launch_template(Ec2Call& call);
base::Result<std::string> delete_launch_template(Ec2Call& call);
base::Result<std::string> create_fleet(Ec2Call& call);  // ec2_fleet.cc
base::Result<std::string> run_instances(Ec2Call& call);
base::Result<std::string> describe_instances(Ec2Call& call);  // ec2_instances.cc
base::Result<std::string> describe_instance_status(Ec2Call& call);
base::Result<std::string> terminate_instances(Ec2Call& call);
base::Result<std::string> reboot_instances(Ec2Call& call);
base::Result<std::string> create_tags(Ec2Call& call);  // ec2_tags.cc
base::Result<std::string> delete_tags(Ec2Call& call);

}  // namespace karpenter::devcluster::aws_emulator
