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
