import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

/** A folder of files (path → content) and of symbolic links (path → { link: target }), until the test ends. */
export function makeTree(context: TestContext, files: Record<string, string | Buffer | { link: string }>): string {
  const root = mkdtempSync(join(tmpdir(), 'tcxflow-host-'));
  context.after(() => rmSync(root, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(file, content);
    else symlinkSync(content.link, file);
  }
  return root;
}
