// The files of the site. Those of the policy are packed, so that it does not matter whether the
// server packs what it sends.

/** The bytes of a file, unpacked. */
export async function fetched(address: string): Promise<ArrayBuffer> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} is not there: the server answers ${response.status}`);
  const bytes = await response.arrayBuffer();
  // Some servers say of a packed file that it is packed, and then the browser has unpacked it.
  const [first, second] = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  if (first !== 0x1f || second !== 0x8b) return bytes;
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}

/** A file of JSON. */
export async function fetchedJson<T>(address: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await fetched(address))) as T;
}

/** A file with a core module: its digest is that of the module. */
export interface ModuleFile {
  path: string;
  sha256: string;
}

/** The bytes of a core module, if they are those that the site was made with. */
export async function fetchedModule({ path, sha256 }: ModuleFile): Promise<ArrayBuffer> {
  const bytes = await fetched(path);
  const found = await digestOf(bytes);
  if (found !== null && found !== sha256) {
    throw new Error(`${path} is not the module that the site was made with: its SHA-256 is ${found}, expected ${sha256}`);
  }
  return bytes;
}

/** The SHA-256; null where the browser tells none: the page came without TLS, and not from this machine. */
export async function digestOf(bytes: BufferSource): Promise<string | null> {
  const subtle = (crypto as Partial<Crypto>).subtle;
  if (subtle === undefined) return null;
  const found = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return Array.from(found, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
