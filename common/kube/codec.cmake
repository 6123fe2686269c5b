karpenter_module(common_kube_codec SOURCES codec.cc kinds.cc DEPS common_base common_json common_model common_schema)
