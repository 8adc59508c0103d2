/** server.properties of a test's brokers: KRaft, every node is broker and controller, all on loopback. */
import type { Certificates } from './certificates.ts';

export interface Layout {
  /** Ports by node, beginning with the first. */
  readonly clientPorts: readonly number[];
  readonly controllerPorts: readonly number[];
  /** For connections between brokers; used only if clients authenticate. */
  readonly internalPorts: readonly number[];
  readonly version: string;
  readonly certificates: Certificates | undefined;
  readonly settings: Readonly<Record<string, string>>;
}

/** `node` counts from 1. */
export function propertiesOf(layout: Layout, node: number, dataFolder: string): string {
  const { clientPorts, controllerPorts, version, settings } = layout;
  const nodes = clientPorts.length;
  const replicas = Math.min(nodes, 3);
  const inSync = replicas === 3 ? 2 : 1;
  const all = {
    'process.roles': 'broker,controller',
    'node.id': node,
    'controller.quorum.voters': controllerPorts.map((port, i) => `${i + 1}@127.0.0.1:${port}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    ...listenersOf(layout, node - 1),
    'log.dirs': dataFolder,
    'auto.create.topics.enable': false,
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': 4,
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1_000,
    'group.initial.rebalance.delay.ms': 0,
    'log.cleaner.dedupe.buffer.size': 16 * 1024 ** 2,
    'unclean.leader.election.enable': false,
    // A killed broker's leaders move after two seconds instead of ten.
    'broker.session.timeout.ms': 2_000,
    'broker.heartbeat.interval.ms': 500,
    ...(version.startsWith('3.')
      ? {}
      : { 'share.coordinator.state.topic.replication.factor': replicas, 'share.coordinator.state.topic.min.isr': inSync }),
    ...settings,
  };
  return Object.entries(all)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

function listenersOf({ clientPorts, controllerPorts, internalPorts, certificates }: Layout, i: number): Record<string, string> {
  const at = (name: string, ports: readonly number[]): string => `${name}://127.0.0.1:${ports[i]}`;
  if (!certificates) {
    return {
      listeners: `${at('CLIENT', clientPorts)},${at('CONTROLLER', controllerPorts)}`,
      'advertised.listeners': at('CLIENT', clientPorts),
      'inter.broker.listener.name': 'CLIENT',
      'listener.security.protocol.map': 'CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    };
  }
  const { serverFile, caFile } = certificates;
  return {
    listeners: `${at('CLIENT', clientPorts)},${at('INTERNAL', internalPorts)},${at('CONTROLLER', controllerPorts)}`,
    'advertised.listeners': `${at('CLIENT', clientPorts)},${at('INTERNAL', internalPorts)}`,
    'inter.broker.listener.name': 'INTERNAL',
    'listener.security.protocol.map': 'CLIENT:SASL_SSL,INTERNAL:SSL,CONTROLLER:SSL',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': serverFile,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': caFile,
    // Nodes know each other by certificate, clients by name and password.
    'listener.name.internal.ssl.client.auth': 'required',
    'listener.name.controller.ssl.client.auth': 'required',
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
    'listener.name.client.scram-sha-512.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:CN=kafka;User:admin',
  };
}
