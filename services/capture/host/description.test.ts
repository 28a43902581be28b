import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { machineType, parseDescription, readDescription } from './description.ts';
import { mangled, throughCodec } from './testing/hostile.ts';
import { makeTree } from './testing/tree.ts';

const texts = {
  hostname: 'vm\n',
  osRelease: '6.18.44-fc-v669\n',
  productUuid: '4C4C4544-0051-3610-8052-B2C04F4E3432\n',
  machineId: '3d1219c7c4c5404aaa1f6d2a48adfda4\n',
  machine: 'x86_64',
};

test('a host is told by its name, the firmware’s UUID as printed, architecture and kernel', () => {
  assert.deepEqual(parseDescription(texts), {
    hostname: 'vm',
    uuid: Buffer.from('4c4c4544005136108052b2c04f4e3432', 'hex'),
    machineType: 3,
    osName: 2,
    osRelease: '6.18.44-fc-v669',
  });
});

/** openssl dgst -sha256 -mac HMAC -macopt hexkey:3d1219c7c4c5404aaa1f6d2a48adfda4 of "tcxflow", its first 16 bytes */
const HASHED_MACHINE_ID = 'c2e49dbce0690c8ea91c7036032e82d6';

test('without a UUID that means something a hash of the machine id stands in', () => {
  const machineId = Buffer.from(HASHED_MACHINE_ID, 'hex');
  for (const productUuid of [
    undefined,
    '',
    'Not Settable\n',
    '00000000-0000-0000-0000-000000000000\n',
    'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF\n',
    '4C4C4544-0051-3610-8052-B2C04F4E343\n',
    '4C4C4544-0051-3610-8052-B2C04F4E343G\n',
  ])
    assert.deepEqual(parseDescription({ ...texts, productUuid })?.uuid, machineId, productUuid);
  for (const id of [undefined, '', 'uninitialized\n', '0'.repeat(32)])
    assert.equal(parseDescription({ ...texts, productUuid: undefined, machineId: id })?.uuid, null, id);
});

test('the machine type is the number that sFlow has for what uname says', () => {
  const expected = {
    '': 0,
    riscv64: 1,
    loongarch64: 1,
    i386: 2,
    i686: 2,
    x86_64: 3,
    ia64: 4,
    sparc64: 5,
    alpha: 6,
    ppc64le: 7,
    m68k: 8,
    mips64: 9,
    armv7l: 10,
    aarch64: 10,
    parisc64: 11,
    s390x: 12,
  };
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, machineType(name)])), expected);
});

test('a host without a name has no record; without a release it has', () => {
  for (const hostname of [undefined, '', '\n']) assert.equal(parseDescription({ ...texts, hostname }), null);
  assert.equal(parseDescription({ ...texts, osRelease: undefined })?.osRelease, null);
  assert.equal(parseDescription({ ...texts, hostname: 'rückwärts.例え' })?.hostname, 'rückwärts.例え');
});

test('cut and mangled files never throw, and what is read of them fits the schema', () => {
  for (const [name, text] of Object.entries(texts))
    for (const broken of mangled(text)) throughCodec({ description: parseDescription({ ...texts, [name]: broken }) });
});

test('name, release and machine are those of uname', () => {
  const uname = (option: string) => execFileSync('uname', [option], { encoding: 'utf8' }).trim();
  const description = readDescription('/proc', '/sys', '/etc/machine-id');
  assert.partialDeepStrictEqual(description, {
    hostname: uname('-n'),
    osRelease: uname('-r'),
    machineType: machineType(uname('-m')),
  });
});

test('each identity is read from its file', (context) => {
  const files = { 'proc/sys/kernel/hostname': 'a\n', 'machine-id': texts.machineId };
  const read = (tree: string) =>
    readDescription(`${tree}/proc`, `${tree}/sys`, `${tree}/machine-id`)?.uuid?.toString('hex');
  assert.equal(read(makeTree(context, files)), HASHED_MACHINE_ID);
  const withFirmware = { ...files, 'sys/class/dmi/id/product_uuid': texts.productUuid };
  assert.equal(read(makeTree(context, withFirmware)), '4c4c4544005136108052b2c04f4e3432');
});
