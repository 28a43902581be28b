// What can go wrong between the kernel and us, in words that say what to do.

export type CaptureErrorCode =
  | 'ADDON_MISSING'
  | 'KERNEL_TOO_OLD'
  | 'NOT_PERMITTED'
  | 'NO_SUCH_INTERFACE'
  | 'NO_SUCH_NAMESPACE'
  | 'ALREADY_ATTACHED'
  | 'TOO_MANY_INTERFACES'
  | 'TOO_MANY_NAMESPACES'
  | 'OBJECT_INVALID'
  | 'DROPS_UNSUPPORTED'
  | 'KERNEL_REFUSED';

/** An error of capture with what the operator can do about it. */
export class CaptureError extends Error {
  readonly code: CaptureErrorCode;
  readonly hint: string;
  /** Of the process that can't go on; 3: not on this kernel. */
  readonly exitCode: number;
  constructor(code: CaptureErrorCode, message: string, options: ErrorOptions & { hint: string }) {
    super(`${message} (${options.hint})`, options);
    this.name = 'CaptureError';
    this.code = code;
    this.hint = options.hint;
    this.exitCode = code === 'KERNEL_TOO_OLD' ? 3 : 1;
  }
}

interface SystemError extends Error {
  code?: string;
  syscall?: string;
}

/** Linux release "6.18.44-x" → [6, 18]. */
export function kernelVersion(release: string): [major: number, minor: number] {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10) || 0);
  return [major, minor];
}

export function isTcxKernel(release: string): boolean {
  const [major, minor] = kernelVersion(release);
  return major > 6 || (major === 6 && minor >= 6);
}

/**
 * Explains an errno of the addon.
 * @param doing what was being tried, as in "attaching to eth0 ingress"
 * @param release os.release()
 */
export function explain(error: unknown, doing: string, release: string): CaptureError {
  if (error instanceof CaptureError) return error;
  const cause = error as SystemError;
  const text = `${doing}: ${cause.message}`;
  const make = (code: CaptureErrorCode, hint: string) => new CaptureError(code, text, { cause, hint });
  if (cause.syscall === 'setns')
    return cause.code === 'EPERM' || cause.code === 'EACCES'
      ? make('NOT_PERMITTED', 'entering a network namespace needs CAP_SYS_ADMIN')
      : make('NO_SUCH_NAMESPACE', 'list the namespaces with: ip netns');
  if (cause.code === 'ENODEV') return make('NO_SUCH_INTERFACE', 'list the interfaces with: ip link');
  if (cause.code === 'EEXIST') return make('ALREADY_ATTACHED', 'another attachment of this very program is there');
  if (cause.code === 'EPERM' || cause.code === 'EACCES')
    return make('NOT_PERMITTED', 'run as root, or give the process CAP_BPF and CAP_NET_ADMIN');
  if (!isTcxKernel(release))
    return make('KERNEL_TOO_OLD', `TCX hooks came with Linux 6.6 and this is ${release}: use a newer kernel`);
  if (cause.code === 'ENOENT' && cause.syscall === 'bpf_object__open')
    return make('OBJECT_INVALID', 'bpf/sample.bpf.o is part of the project: git checkout bpf/sample.bpf.o');
  return make('KERNEL_REFUSED', 'run: tcxflow doctor');
}
