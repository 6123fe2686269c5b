#pragma once

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

}  // namespace karpenter::schema::patterns
