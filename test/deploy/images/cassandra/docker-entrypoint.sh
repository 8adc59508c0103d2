#!/bin/bash
# Begins as root and becomes cassandra, as the official image does. Waits less for the ring than that, which changes nothing but the time.
set -eu
if [ "$(id -u)" = 0 ]; then
  find /var/lib/cassandra ! -user cassandra -exec chown cassandra {} +
  exec setpriv --reuid cassandra --regid cassandra --clear-groups "$0" "$@"
fi
address=$(hostname --ip-address | cut -d' ' -f1)
cat >/etc/cassandra/cassandra.yaml <<YAML
cluster_name: ${CASSANDRA_CLUSTER_NAME:-Test Cluster}
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
num_tokens: ${CASSANDRA_NUM_TOKENS:-16}
allocate_tokens_for_local_replication_factor: 3
endpoint_snitch: ${CASSANDRA_ENDPOINT_SNITCH:-SimpleSnitch}
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{ seeds: "${CASSANDRA_SEEDS:-$address}" }]
listen_address: $address
rpc_address: 0.0.0.0
broadcast_rpc_address: $address
commitlog_sync: periodic
commitlog_sync_period: 10000ms
YAML
printf 'dc=%s\nrack=%s\n' "${CASSANDRA_DC:-dc1}" "${CASSANDRA_RACK:-rack1}" >/etc/cassandra/cassandra-rackdc.properties
exports=(java.base/jdk.internal.misc java.management.rmi/com.sun.jmx.remote.internal.rmi java.rmi/sun.rmi.registry java.rmi/sun.rmi.server java.sql/java.sql java.base/java.lang.ref jdk.unsupported/sun.misc)
opens=(java.base/java.lang.module java.base/jdk.internal.loader java.base/jdk.internal.ref java.base/jdk.internal.reflect java.base/jdk.internal.math java.base/jdk.internal.module java.base/jdk.internal.util.jar
  jdk.management/com.sun.management.internal java.base/sun.nio.ch java.base/java.io java.base/java.lang.reflect java.base/java.lang java.base/java.util)
flags=()
for name in "${exports[@]}"; do flags+=("--add-exports=$name=ALL-UNNAMED"); done
for name in "${opens[@]}"; do flags+=("--add-opens=$name=ALL-UNNAMED"); done
exec java "${flags[@]}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xms"${MAX_HEAP_SIZE:-1G}" -Xmx"${MAX_HEAP_SIZE:-1G}" -Xss512k ${JVM_EXTRA_OPTS:-} \
  -Djdk.attach.allowAttachSelf=true -Dio.netty.tryReflectionSetAccessible=true -Dlogback.configurationFile=/etc/cassandra/logback.xml \
  -Dcassandra.config=file:///etc/cassandra/cassandra.yaml -Dcassandra.storagedir=/var/lib/cassandra -Dcassandra.logdir=/tmp -Dcassandra-foreground=yes \
  -Dcassandra.jmx.local.port=7199 -Dcassandra.ring_delay_ms=5000 -Dcassandra.skip_wait_for_gossip_to_settle=0 -Dcassandra.superuser_setup_delay_ms=0 \
  -cp '/opt/cassandra/lib/*:/etc/cassandra' org.apache.cassandra.service.CassandraDaemon
