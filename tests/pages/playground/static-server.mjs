// A plain server of files, as anybody may host a site with: it packs nothing, knows few types, and
// the site is not at its root.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.gz': 'application/gzip' };

/** Serves the folder below `/policies/site/` on a free port of this machine. */
export async function serve(folder) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    asked.push(pathname);
    const below = pathname.startsWith('/policies/site/') ? pathname.slice('/policies/site/'.length) : null;
    const path = below === null ? null : normalize(below === '' ? 'index.html' : below);
    try {
      if (path === null || path.startsWith('..')) throw new Error('outside of the site');
      const bytes = await readFile(join(folder, path));
      response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return { origin, address: `${origin}/policies/site/`, asked, close: () => server.close() };
}
