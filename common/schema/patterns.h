#pragma once

#include <array>
#include <string_view>

// The patterns of the API, as the CRDs carry them. spec: api §1.2

namespace karpenter::schema::patterns {

inline constexpr std::string_view kLabelKey =
    R"(^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*(\/))?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$)";
inline constexpr std::string_view kLabelValue = R"(^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$)";
inline constexpr std::string_view kQuantity =
    R"(^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$)";
inline constexpr std::string_view kDuration = R"(^([0-9]+(s|m|h))+$)";
inline constexpr std::string_view kDurationOrNever = R"(^(([0-9]+(s|m|h))+|Never)$)";
inline constexpr std::string_view kBetaDurationOrNever = R"(^(([0-9]+(s|m|h))+)|(Never)$)";
inline constexpr std::string_view kBudgetDuration = R"(^((([0-9]+(h|m))|([0-9]+h[0-9]+m))(0s)?)$)";
inline constexpr std::string_view kBudgetNodes = R"(^((100|[0-9]{1,2})%|[0-9]+)$)";
inline constexpr std::string_view kCron =
    R"(^(@(annually|yearly|monthly|weekly|daily|midnight|hourly))|((.+)\s(.+)\s(.+)\s(.+)\s(.+))$)";
inline constexpr std::string_view kNoSlash = R"(^[^/]*$)";
inline constexpr std::string_view kVolumeSize =
    R"(^((?:[1-9][0-9]{0,3}|[1-4][0-9]{4}|[5][0-8][0-9]{3}|59000)Gi|(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|[6][0-3][0-9]{3}|64000)G|([1-9]||[1-5][0-7]|58)Ti|([1-9]||[1-5][0-9]|6[0-3]|64)T)$)";
inline constexpr std::string_view kPrice = R"(^\d+(\.\d+)?$)";
inline constexpr std::string_view kPriceAdjustment =
    R"(^(([+-]{1}(\d*\.?\d+))|(\+{1}\d*\.?\d+%)|(^(-\d{1,2}(\.\d+)?%)$)|(-100%))$)";
inline constexpr std::string_view kConditionType =
    R"(^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$)";
inline constexpr std::string_view kConditionReason = R"(^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$)";
inline constexpr std::string_view kConditionReasonOrEmpty = R"(^([A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?|)$)";
inline constexpr std::string_view kEviction =
    R"(^((\d{1,2}(\.\d{1,2})?|100(\.0{1,2})?)%||(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?)$)";
inline constexpr std::string_view kAmiId = "ami-[0-9a-z]+";
inline constexpr std::string_view kSecurityGroupId = "sg-[0-9a-z]+";
inline constexpr std::string_view kSubnetId = "subnet-[0-9a-z]+";
inline constexpr std::string_view kCapacityReservationId = "^cr-[0-9a-z]+$";
inline constexpr std::string_view kPlacementGroupId = "^pg-[0-9a-z]+$";
inline constexpr std::string_view kAccountId = "^[0-9]{12}$";

// What a text of that pattern is called, for the reference pages.
struct Format {
  std::string_view pattern;
  std::string_view name;
  std::string_view meaning;
};
inline constexpr std::array<Format, 23> kFormats = {{
    {kLabelKey, "label key", "a name, or a DNS domain, a slash and a name: `example.com/team`"},
    {kLabelValue, "label value", "letters, digits, `-`, `_` and `.`, or nothing"},
    {kQuantity, "quantity", "a number with a suffix such as `m`, `k`, `Gi` or `e3`: `500m`, `1.5Gi`"},
    {kDuration, "duration", "numbers with `h`, `m` or `s`: `1h30m`"},
    {kDurationOrNever, "duration or Never", "a duration, or the word `Never`"},
    {kBetaDurationOrNever, "duration or Never (v1beta1)", "begins with a duration, or ends with `Never`"},
    {kBudgetDuration, "budget duration", "hours, minutes or both: `8h`, `90m`, `1h30m`"},
    {kBudgetNodes, "budget size", "a number of nodes, or a percentage of them: `5`, `10%`"},
    {kCron, "schedule", "five fields of cron, or a macro: `0 9 * * mon-fri`, `@daily`"},
    {kNoSlash, "API group", "anything without a slash"},
    {kVolumeSize, "volume size", "1 to 59000 `Gi`, 64000 `G`, 58 `Ti` or 64 `T`"},
    {kPrice, "price", "a decimal number: `0.25`"},
    {kPriceAdjustment, "price adjustment", "an amount or a percentage with a sign: `+0.01`, `-15%`"},
    {kConditionType, "condition type", "a CamelCase word, perhaps behind a domain"},
    {kConditionReason, "condition reason", "a CamelCase word"},
    {kConditionReasonOrEmpty, "condition reason or nothing", "a CamelCase word, or nothing"},
    {kEviction, "eviction threshold", "a percentage or a quantity: `5%`, `100Mi`"},
    {kAmiId, "AMI id", "holds the id of an image: `ami-0123456789abcdef0`"},
    {kSecurityGroupId, "security group id", "holds the id of a group: `sg-0123456789abcdef0`"},
    {kSubnetId, "subnet id", "holds the id of a subnet: `subnet-0123456789abcdef0`"},
    {kCapacityReservationId, "capacity reservation id", "`cr-0123456789abcdef0`"},
    {kPlacementGroupId, "placement group id", "`pg-0123456789abcdef0`"},
    {kAccountId, "account id", "twelve digits"},
}};

}  // namespace karpenter::schema::patterns
