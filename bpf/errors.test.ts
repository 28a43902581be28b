import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaptureError, explain, isTcxKernel, kernelVersion } from './errors.ts';

/** As the addon throws it. */
function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall}: ${code}`), { code, syscall });
}

test('each errno is explained by what the operator can do', () => {
  for (const [errno, syscall, release, code, hint] of [
    ['ENOENT', 'setns', '6.6.0', 'NO_SUCH_NAMESPACE', /ip netns/],
    ['EPERM', 'setns', '6.6.0', 'NOT_PERMITTED', /CAP_SYS_ADMIN/],
    ['ENODEV', 'bpf_program__attach_tcx', '6.6.0', 'NO_SUCH_INTERFACE', /ip link/],
    ['EEXIST', 'bpf_program__attach_tcx', '6.6.0', 'ALREADY_ATTACHED', /attachment/],
    ['EPERM', 'bpf_object__load', '6.6.0', 'NOT_PERMITTED', /CAP_BPF and CAP_NET_ADMIN/],
    ['EACCES', 'bpf_object__load', '6.6.0', 'NOT_PERMITTED', /root/],
    ['EINVAL', 'bpf_program__attach_tcx', '6.5.9', 'KERNEL_TOO_OLD', /Linux 6\.6 and this is 6\.5\.9/],
    ['ENOENT', 'bpf_object__open', '6.6.0', 'OBJECT_INVALID', /git checkout bpf\/sample\.bpf\.o/],
    ['EINVAL', 'bpf_object__load', '6.6.0', 'KERNEL_REFUSED', /tcxflow doctor/],
  ] as const) {
    const cause = systemError(errno, syscall);
    const error = explain(cause, 'attaching to eth0', release);
    assert.deepEqual([error.name, error.code, error.cause], ['CaptureError', code, cause]);
    assert.match(error.hint, hint);
    assert.equal(error.message, `attaching to eth0: ${syscall}: ${errno} (${error.hint})`);
  }
});

test('what lacks permission is not blamed on the kernel, nor is an interface that is not there', () => {
  assert.equal(explain(systemError('EPERM', 'bpf_object__load'), 'loading', '5.15.0').code, 'NOT_PERMITTED');
  assert.equal(explain(systemError('ENODEV', 'bpf_link_create'), 'attaching', '5.15.0').code, 'NO_SUCH_INTERFACE');
});

test('an error that is explained already stays as it is', () => {
  const error = new CaptureError('ADDON_MISSING', 'the addon does not load', { hint: 'run: npm run setup' });
  assert.equal(explain(error, 'listing the interfaces', '6.6.0'), error);
});

test('the kernel version is read from every kind of release', () => {
  for (const [release, version] of [
    ['6.6.0', [6, 6]],
    ['6.18.44-fc-v669', [6, 18]],
    ['7.0.1-rc1', [7, 0]],
    ['6.12-arch1', [6, 12]],
    ['5.15.0-1058-aws', [5, 15]],
    ['6', [6, 0]],
    ['', [0, 0]],
    ['junk.x', [0, 0]],
  ] as const)
    assert.deepEqual(kernelVersion(release), version, release);
});

test('TCX hooks are there from Linux 6.6 on', () => {
  for (const release of ['6.6.0', '6.6-rc1', '6.18.44-fc-v669', '7.0.1-rc1', '10.1.0'])
    assert.equal(isTcxKernel(release), true, release);
  for (const release of ['6.5.9', '6.0.0', '5.15.0', '5.99.0', '', 'junk'])
    assert.equal(isTcxKernel(release), false, release);
});
