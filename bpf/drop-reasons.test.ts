import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDropReasons } from './drop-reasons.ts';
import { slotOfReason } from './drop-record.ts';
import { explainDrops } from './drops.ts';

const enums: { [key: string]: [number, string][] } = {
  skb_drop_reason: [
    [2, 'SKB_DROP_REASON_NOT_SPECIFIED'],
    [3, 'SKB_DROP_REASON_NO_SOCKET'],
  ],
  skb_drop_reason_subsys: [
    [0, 'SKB_DROP_REASON_SUBSYS_CORE'],
    [1, 'SKB_DROP_REASON_SUBSYS_MAC80211_UNUSABLE'],
    [3, 'SKB_DROP_REASON_SUBSYS_OPENVSWITCH'],
  ],
  'openvswitch/ovs_drop_reason': [[0x3_0001, 'OVS_DROP_LAST_ACTION']],
};
const readEnum = (name: string, module: string | null) => enums[module ? `${module}/${name}` : name] ?? null;

test('a reason has the name of the running kernel, a subsystem’s that of its module', () => {
  const reasons = createDropReasons(readEnum);
  const name = (reason: number) => reasons.name(slotOfReason(reason));
  assert.equal(name(3), 'NO_SOCKET');
  assert.equal(name(0x3_0001), 'OPENVSWITCH_LAST_ACTION');
});

test('what the kernel does not name has a number, and what has no slot is OTHER', () => {
  const reasons = createDropReasons(readEnum);
  const name = (reason: number) => reasons.name(slotOfReason(reason));
  assert.equal(name(200), 'REASON_200');
  assert.equal(name(0x1_0007), 'MAC80211_UNUSABLE_7'); // the module is not loaded
  assert.equal(name(0x2_0007), 'REASON_131079'); // this kernel knows no such subsystem
  assert.equal(name(0x7fff_0000), 'OTHER');
  assert.equal(createDropReasons(() => null).name(3), 'REASON_3');
});

test('a kernel’s refusal is explained by what drops need', () => {
  const explained = (code: string, syscall: string) =>
    explainDrops(Object.assign(new Error(code), { code, syscall }), '6.6.0');
  assert.match(explained('EPERM', 'bpf_object__load').message, /CAP_PERFMON/);
  assert.equal(explained('EPERM', 'bpf_object__load').code, 'NOT_PERMITTED');
  assert.equal(explained('ENOENT', 'bpf_object__open').code, 'OBJECT_INVALID');
  // Without BTF libbpf answers ESRCH, without the tracepoint ENOENT.
  for (const code of ['ESRCH', 'ENOENT', 'EINVAL'])
    assert.equal(explained(code, 'bpf_object__load').code, 'DROPS_UNSUPPORTED');
});
