// /metrics, /healthz and /readyz of a service.

import fastify from 'fastify';
import type { CommonConfig } from './config.ts';
import type { Component } from './lifecycle.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

export interface HealthServer extends Component {
  setReady(ready: boolean): void;
}

/** Healthy: the process answers. Ready: all its components are up. */
export function createHealthServer(config: CommonConfig['http'], metrics: Metrics, log: Logger): HealthServer {
  const app = fastify({ logger: false });
  let ready = false;
  app.get('/metrics', async (_request, reply) => {
    reply.header('content-type', metrics.registry.contentType);
    return metrics.registry.metrics();
  });
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) => reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'starting' }));
  return {
    name: 'http',
    async start() {
      const address = await app.listen({ host: config.host, port: config.port });
      log.info({ address }, 'metrics and health are served');
    },
    stop: () => app.close(),
    setReady: (value) => {
      ready = value;
    },
  };
}
