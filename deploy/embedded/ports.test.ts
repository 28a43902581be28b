import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { choosePort } from './ports.ts';

test('a free port is taken as wanted; a used or excluded one, and 0, give another', async (context) => {
  const server = createServer().listen(0, '127.0.0.1');
  context.after(() => server.close());
  await once(server, 'listening');
  const { port: used } = server.address() as AddressInfo;
  const free = await choosePort(used);
  assert.notEqual(free, used);
  assert.equal(await choosePort(free), free);
  assert.notEqual(await choosePort(free, [free]), free);
  assert.ok((await choosePort(0)) > 0);
});
