import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statfsSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { deviceOf, parseFilesystems, readFilesystems } from './filesystems.ts';
import { mangled } from './testing/hostile.ts';
import { MOUNTINFO } from './testing/texts.ts';
import { makeTree } from './testing/tree.ts';

test('a device is listed once, first where it is mounted as a whole', () => {
  assert.deepEqual(parseFilesystems(MOUNTINFO), [{ device: '254:0', type: 'ext4', mountPoints: ['/', '/run/netns'] }]);
  const bindFirst =
    '42 27 8:1 /etc/hosts /etc/hosts rw - ext4 /dev/sda1 rw\n43 27 8:1 / /mnt/whole rw - ext4 /dev/sda1 rw\n';
  assert.deepEqual(parseFilesystems(bindFirst), [
    { device: '8:1', type: 'ext4', mountPoints: ['/mnt/whole', '/etc/hosts'] },
  ]);
});

test('only what is local, on a device and writable counts', () => {
  const text = `1 0 8:1 / / rw - ext4 /dev/sda1 rw
2 1 8:2 / /boot ro - vfat /dev/sda2 ro,utf8
3 1 253:0 / /home rw shared:1 master:2 - xfs /dev/mapper/vg-home rw,attr2
4 1 0:40 / /nfs rw - nfs4 server:/export rw,addr=192.0.2.1
5 1 0:41 / /tmp rw - tmpfs tmpfs rw
6 1 7:0 / /snap/core ro - squashfs /dev/loop0 ro
7 1 7:1 / /image rw - ext4 /dev/loop1 rw
8 1 252:0 / /zram rw - ext4 /dev/zram0 rw
9 1 0:42 /@home /srv rw - btrfs /dev/sdb rw,subvol=/@home
10 1 8:49 / /ntfs rw - fuseblk /dev/sdd1 rw,user_id=0
11 1 0:43 / /share rw - cifs //server/share rw
12 1 0:44 / /overlay rw - overlay overlay rw,lowerdir=/dev/a
13 1 0:45 / /pool rw - zfs tank/data rw,xattr
14 1 11:0 / /cd ro - iso9660 /dev/sr0 ro
15 1 8:65 / /errors rw - ext4 /dev/sde1 errors=remount-ro,rw
16 1 8:81 / /not rw - ext4 /dev/sdf1 errors=remount-ro,norw
`;
  assert.deepEqual(
    parseFilesystems(text).map(({ device, mountPoints }) => [device, ...mountPoints]),
    [
      ['8:1', '/'],
      ['253:0', '/home'],
      ['0:42', '/srv'],
      ['8:65', '/errors'],
    ],
  );
});

test('for a service whose mounts systemd made read-only, a writable filesystem still counts', () => {
  assert.equal(parseFilesystems('1 0 8:1 / / ro,relatime shared:1 - ext4 /dev/sda1 rw\n').length, 1);
});

test('blanks and all other bytes of a mount point are kept', () => {
  const text =
    '1 0 8:1 / /mnt/a\\040b\\011c\\134d\\012e rw - ext4 /dev/sda1 rw\n2 0 8:2 / /mnt/donn\u00c3\u00a9es\u00ff rw - ext4 /dev/sda2 rw\n';
  assert.deepEqual(
    parseFilesystems(text).map(({ mountPoints }) => mountPoints[0]),
    ['/mnt/a b\tc\\d\ne', '/mnt/donn\u00c3\u00a9es\u00ff'],
  );
});

test('lines that are cut, or have no dash, are passed over', () => {
  for (const text of [
    '1 0 8:1 / / rw - ext4 /dev/sda1 rw',
    '1 0 8:1 / / rw - ext4 /dev/sda1\n',
    '1 0 8:1 / / rw ext4 /dev/sda1 rw\n',
    '1 0 8:1 / - rw\n',
    '- - - - - - - - - -\n',
    '\n',
  ])
    assert.deepEqual(parseFilesystems(text), [], text);
  for (const text of mangled(MOUNTINFO)) parseFilesystems(text);
});

test('a device number is taken apart as stat -c %Hd:%Ld does', () => {
  for (const path of ['/', '/proc', '/dev'])
    assert.equal(
      deviceOf(statSync(path).dev),
      execFileSync('stat', ['-c', '%Hd:%Ld', path], { encoding: 'utf8' }).trim(),
    );
  assert.equal(deviceOf(0x0fd00), '253:0');
  assert.equal(deviceOf(0x1000_0801), '8:65537');
});

test('sizes are those of statfs; free is what users without privileges have', (context) => {
  const tree = makeTree(context, {
    'self/mountinfo': `1 0 ${deviceOf(statSync('/proc').dev)} / /proc rw - ext4 /dev/sda1 rw\n`,
  });
  const { blocks, bavail, bsize } = statfsSync('/proc');
  assert.deepEqual(readFilesystems(tree), [{ totalBytes: blocks * bsize, freeBytes: bavail * bsize }]);
});

test('a mount point that another mount hides, or that is gone, is not asked for; the next one is', (context) => {
  const device = deviceOf(statSync('/sys').dev);
  const line = (mountPoint: string, of = device) => `1 0 ${of} / ${mountPoint} rw - ext4 /dev/sda1 rw\n`;
  const found = (mountinfo: string) => readFilesystems(makeTree(context, { 'self/mountinfo': mountinfo })).length;
  assert.equal(found(line('/proc')), 0, 'hidden');
  assert.equal(found(line('/no/such/place')), 0, 'gone');
  assert.equal(found(line('/sys') + line('/proc') + line('/no/such/place')), 1);
  assert.equal(found(line('/sys', '250:1')), 0, 'another device');
  assert.equal(found(line('/sys').replace('ext4', 'btrfs')), 0, 'another kind');
});
