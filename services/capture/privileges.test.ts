import assert from 'node:assert/strict';
import { test } from 'node:test';
import { captureSection } from './config.ts';
import { accountOf, neededCapabilities } from './privileges.ts';

test('only what the configuration asks for is needed', () => {
  const needed = (section: object) => neededCapabilities(captureSection.parse(section));
  assert.deepEqual(needed({}), ['bpf', 'net_admin', 'perfmon']);
  assert.deepEqual(needed({ drops: { rate: 0 } }), ['bpf', 'net_admin']);
  assert.deepEqual(needed({ interfaces: [{ netns: 'a*' }], drops: { rate: 0 } }), [
    'bpf',
    'net_admin',
    'sys_admin',
    'dac_read_search',
  ]);
});

test('accounts are read as passwd(5) describes them', () => {
  const passwd = 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin\n';
  assert.deepEqual(accountOf('nobody', passwd), { uid: 65534, gid: 65533 });
  assert.equal(accountOf('body', passwd), undefined);
});
