#pragma once

#include <memory>

#include "common/kube/event_recorder.h"
#include "common/reconcile/leader_election.h"
#include "common/reconcile/reconciler.h"
#include "controller/app/app.h"
#include "controller/app/stores.h"
#include "controller/aws/reconcile/aws_controllers.h"
#include "controller/cluster/claim_creator.h"
#include "controller/cluster/cluster.h"
#include "controller/disruption/disruption.h"
#include "controller/disruption/queue.h"
#include "controller/migration/migration.h"
#include "controller/migration/storage_version.h"
#include "controller/node/eviction_queue.h"
#include "controller/node/termination.h"
#include "controller/nodeclaim/consistency.h"
#include "controller/nodeclaim/disruption_conditions.h"
#include "controller/nodeclaim/expiration.h"
#include "controller/nodeclaim/garbage_collection.h"
#include "controller/nodeclaim/hydration.h"
#include "controller/nodeclaim/lifecycle.h"
#include "controller/nodeclaim/pod_events.h"
#include "controller/nodepool/counter.h"
#include "controller/nodepool/hash.h"
#include "controller/nodepool/readiness.h"
#include "controller/nodepool/registration_health.h"
#include "controller/nodepool/validation.h"
#include "controller/provisioning/provisioner.h"
#include "controller/provisioning/trigger.h"

namespace karpenter::app {

// Everything the App owns, each part standing on those before it; destroyed in reverse.
struct App::Parts {
  Parts(Settings given_settings, const Seams& given_seams);

  Settings settings;
  Seams seams;
  Stores stores;
  kube::EventRecorder events;
  std::unique_ptr<aws::Aws> aws;  // set by make(), before the rest

  // Built once `aws` is there.
  struct Controllers;
  std::unique_ptr<Controllers> controllers;
};

// The reconcilers, and which change of which kind wakes which of them. spec: lifecycle §12
struct App::Parts::Controllers {
  Controllers(Parts& parts);

  cluster::Cluster cluster;
  cluster::ClaimCreator creator;
  nodeclaim::Services claim_services;
  node::Services node_services;
  nodepool::Services pool_services;
  disruption::Services disruption_services;

  nodepool::Counter pool_counter;
  nodepool::Hash pool_hash;
  nodepool::Readiness pool_readiness;
  nodepool::Validation pool_validation;
  nodepool::RegistrationHealth pool_health;
  nodeclaim::Lifecycle claim_lifecycle;
  nodeclaim::Expiration claim_expiration;
  nodeclaim::GarbageCollection claim_garbage;
  nodeclaim::Consistency claim_consistency;
  nodeclaim::DisruptionConditions claim_conditions;
  nodeclaim::PodEvents pod_events;
  nodeclaim::Hydration claim_hydration;
  nodeclaim::NodeHydration node_hydration;
  node::EvictionQueue evictions;
  node::Termination node_termination;
  provisioning::Batcher batcher;
  provisioning::Provisioner provisioner;
  provisioning::PodTrigger pod_trigger;
  provisioning::NodeTrigger node_trigger;
  disruption::OrchestrationQueue disruption_queue;
  disruption::Disruption disruption;
  migration::ProvisionerReconciler migration;
  migration::StorageMigration storage_migration;
  aws::AwsControllers aws_controllers;
  reconcile::Manager manager;  // last: its workers use all of the above

 private:
  void watch_pools(Parts& parts);
  void watch_claims(Parts& parts);
  void watch_nodes(Parts& parts);
  void watch_pods(Parts& parts);
  void watch_aws(Parts& parts);
  void watch_legacy(Parts& parts);
  void add_singletons();
};

}  // namespace karpenter::app
