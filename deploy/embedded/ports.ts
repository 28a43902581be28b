// Ports on loopback. Between the choice and the engine's own bind another process can take the port; the engine then fails
// with an error that names it, and the next start chooses again.

import { createServer } from 'node:net';

/** @returns `preferred` when it is free on 127.0.0.1 and not in `taken`, else (and for 0) a free port of the kernel's choice */
export async function choosePort(preferred: number, taken: readonly number[] = []): Promise<number> {
  if (preferred !== 0 && !taken.includes(preferred) && (await tryPort(preferred)) !== undefined) return preferred;
  for (;;) {
    const port = await tryPort(0);
    if (port === undefined) throw new Error('no free port on 127.0.0.1');
    if (!taken.includes(port)) return port;
  }
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else reject(error);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}
