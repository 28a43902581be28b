/** "kafka-1:9092" or "[2001:db8::1]:6343" → host without brackets, and port. The text was checked to have one. */
export function splitHostPort(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(text.slice(at + 1)) };
}
