// What was edited, as files of this machine.

import { strToU8, zipSync } from 'fflate';

/** The files in one archive. What a bundle extends lies beside its folder, as its name says. */
export function zipOf(name: string, texts: Readonly<Record<string, string>>): Blob {
  const steps = (path: string) => path.split('/').filter((step) => step === '..').length;
  const deepest = Math.max(1, ...Object.keys(texts).map(steps));
  const folder = [...Array<string>(deepest - 1).fill('bundles'), name];
  const entries = Object.entries(texts).map(([path, text]) => {
    const up = steps(path);
    const below = path.split('/').slice(up);
    return [[...folder.slice(0, folder.length - up), ...below].join('/'), strToU8(text)] as const;
  });
  // The same files give the same archive: it holds no time but the first that it can.
  const zipped = zipSync(Object.fromEntries(entries), { mtime: new Date(1980, 0, 1) });
  return new Blob([zipped as Uint8Array<ArrayBuffer>], { type: 'application/zip' });
}

export function download(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads it in its own time.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
