/** For `skip`: false as root, else the reason. With CI=true nothing is skipped, so that what is missing fails. */
export function needsRoot(): string | false {
  if (process.getuid?.() === 0 || process.env.CI === 'true') return false;
  return 'needs root: sudo npm run test:kernel';
}
