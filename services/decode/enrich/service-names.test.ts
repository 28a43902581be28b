import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtInServices, parseServiceNames } from './service-names.ts';

test('a port of a protocol has its first name', () => {
  const services = parseServiceNames(`# services
ssh		22/tcp				# SSH Remote Login Protocol
http		80/tcp		www		# WorldWideWeb HTTP
www-too 80/tcp
domain 53/udp
amqp 5672/sctp
echo 4/ddp
`);
  const name = (protocol: number, port: number) => services.nameOf(services.indexOf(protocol, port));
  assert.deepEqual(
    [name(6, 22), name(6, 80), name(17, 53), name(132, 5672), name(6, 53), name(1, 22), name(6, 4)],
    ['ssh', 'http', 'domain', 'amqp', '', '', ''],
  );
  assert.equal(services.nameOf(services.indexOf(6, 70_000)), '');
});

test('what is no line of /etc/services is told with its number', () => {
  for (const line of ['ssh', 'ssh 22', 'ssh tcp/22', 'ssh 99999/tcp', `${'x'.repeat(100)} 1/tcp`])
    assert.throws(() => parseServiceNames(`a 1/tcp\n${line}`), /line 2: /);
});

test('the built-in list is valid', () => {
  const services = parseServiceNames(builtInServices);
  assert.equal(services.nameOf(services.indexOf(17, 443)), 'https');
  assert.equal(services.nameOf(services.indexOf(17, 4789)), 'vxlan');
});
