#pragma once

#include "common/conversion/diagnostic.h"
#include "common/json/json.h"

namespace karpenter::conversion {

// W-WORKLOAD, with path and replacement, for each name in a Pod, Deployment, StatefulSet, DaemonSet, Job or
// CronJob that means nothing at v1. Other kinds are not looked into. spec: conversion §3.7, §4.15
void check_workload(json::View object, const Sayer& say);

}  // namespace karpenter::conversion
