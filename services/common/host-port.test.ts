import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitHostPort } from './host-port.ts';

test('the port is behind the last colon; brackets around IPv6 go away', () => {
  assert.deepEqual(splitHostPort('192.0.2.1:6343'), { host: '192.0.2.1', port: 6343 });
  assert.deepEqual(splitHostPort('collector.example.net:1'), { host: 'collector.example.net', port: 1 });
  assert.deepEqual(splitHostPort('[2001:db8::1]:6343'), { host: '2001:db8::1', port: 6343 });
  assert.deepEqual(splitHostPort('2001:db8::1:6343'), { host: '2001:db8::1', port: 6343 });
});
