// server.properties of the one combined node (broker and controller in one process, all on loopback).

export interface KafkaPaths {
  /** Where all of Kafka's files are. */
  home: string;
  data: string;
  logs: string;
  properties: string;
  pidFile: string;
  formatted: string;
}

export function kafkaPaths(dataDir: string): KafkaPaths {
  const home = `${dataDir}/kafka`;
  return {
    home,
    data: `${home}/data`,
    logs: `${home}/logs`,
    properties: `${home}/server.properties`,
    pidFile: `${home}/pid`,
    formatted: `${home}/formatted`,
  };
}

export function kafkaProperties(
  paths: KafkaPaths,
  port: number,
  controllerPort: number,
  advertisedPort = port,
): string {
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${advertisedPort},CONTROLLER://127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controllerPort}`,
    'log.dirs': paths.data,
    // Topics are made by the services, with the partitions and retention that they need: a misspelt name must fail.
    'auto.create.topics.enable': false,
    // One node holds one copy.
    'default.replication.factor': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // Few, so that start and recovery are quick: the default of 50 means 50 logs to open each.
    'offsets.topic.num.partitions': 8,
    'transaction.state.log.num.partitions': 8,
    'share.coordinator.state.topic.num.partitions': 8,
    // A group need not wait for members that may join: the first worker starts at once.
    'group.initial.rebalance.delay.ms': 0,
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}
