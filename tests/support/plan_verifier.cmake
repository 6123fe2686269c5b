karpenter_module(support_plan_verifier
  SOURCES plan_verifier.cc
  DEPS common_base common_model controller_cloud controller_scheduling)
