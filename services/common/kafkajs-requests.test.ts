import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import './kafkajs.ts';

interface Pushed {
  entry: { correlationId: number; resolve(): void; reject(): void };
  expectResponse: boolean;
  sendRequest(): void;
}
const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (
  options: object,
) => {
  throttleCheckTimeoutId: unknown;
  push(request: Pushed): void;
  maybeThrottle(ms: number): void;
  fulfillRequest(response: { correlationId: number; size: number; payload: null }): void;
};

function queue() {
  const logger = { debug: () => undefined, warn: () => undefined };
  const requests = new RequestQueue({
    ...{ maxInFlightRequests: 1, requestTimeout: 1000, enforceRequestTimeout: false },
    ...{ clientId: 'a', broker: 'b', logger },
  });
  const sent: number[] = [];
  const push = (correlationId: number) =>
    requests.push({
      entry: { correlationId, resolve: () => undefined, reject: () => undefined },
      expectResponse: true,
      sendRequest: () => void sent.push(correlationId),
    });
  return { requests, sent, push };
}

test('where no request waits, nobody looks for one', () => {
  const { requests, sent, push } = queue();
  push(1);
  requests.fulfillRequest({ correlationId: 1, size: 0, payload: null });
  assert.deepEqual(sent, [1]);
  assert.equal(requests.throttleCheckTimeoutId, null);
});

test('a request that had to wait is sent when the one before is answered, and when a throttle ends', async () => {
  const { requests, sent, push } = queue();
  for (const id of [1, 2]) push(id);
  assert.deepEqual(sent, [1]);
  requests.fulfillRequest({ correlationId: 1, size: 0, payload: null });
  assert.deepEqual(sent, [1, 2]);
  requests.fulfillRequest({ correlationId: 2, size: 0, payload: null });
  requests.maybeThrottle(50);
  push(3);
  assert.deepEqual(sent, [1, 2]);
  await sleep(200);
  assert.deepEqual(sent, [1, 2, 3]);
});
