karpenter_module(devcluster SOURCES embedded_cluster.cc
  DEPS devcluster_kube devcluster_aws devcluster_actors devcluster_kubelet devcluster_scheduler devcluster_workloads common_net)
karpenter_program(karpenter-devcluster SOURCES main.cc
  DEPS devcluster common_net_beast common_net common_json SYSTEM gflags)
