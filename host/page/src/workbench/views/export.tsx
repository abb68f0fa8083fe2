// The policy as one file, baked from the files as they are edited.

import { useState } from 'preact/hooks';
import { Busy } from '../../shared/busy';
import { server } from '../server/client';
import type { ProblemDetails } from '../server/contract';
import { overlayOf, problemOf, useStore, useWorkbench } from '../state/store';
import { Fault } from './fault';

interface Exported {
  name: string;
  size: number;
  digest: string;
  sha256: string;
  address: string;
}

export function ExportView() {
  const store = useStore();
  const { compiled, info } = useWorkbench();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<ProblemDetails | null>(null);
  const [exported, setExported] = useState<Exported | null>(null);
  const edited = Object.keys(overlayOf(store.state)).length;
  const run = async () => {
    if (busy) return;
    setBusy(true);
    setFault(null);
    try {
      const { file, name, digest } = await server.export(overlayOf(store.state));
      const sha256 = hexOf(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
      if (exported !== null) URL.revokeObjectURL(exported.address);
      const made = { name, size: file.size, digest, sha256, address: URL.createObjectURL(file) };
      setExported(made);
      store.set({ said: `${name} is made, ${size(file.size)}.` });
      download(made);
    } catch (error) {
      setFault(problemOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="stack">
      <p>
        The policy as one file, the same that <code>solgate build</code> writes. Gateways load it with <code>--policy</code>.
        {edited > 0 && ` It is made of the texts as they are edited here: ${edited === 1 ? '1 file is' : `${edited} files are`} not saved.`}
      </p>
      {compiled !== null && !compiled.ok && <p class="box warn">The bundle has mistakes, so that no policy can be made of it.</p>}
      <p><button type="button" class="first" aria-disabled={busy} onClick={() => void run()}>Export {compiled?.name ?? info?.name ?? 'the policy'}</button></p>
      <Busy words={busy ? 'The policy is baked' : null} />
      <Fault problem={fault} />
      {exported !== null && (
        <div class="box good stack tight">
          <p><strong>{exported.name}</strong>, {size(exported.size)}. <a href={exported.address} download={exported.name}>Download it again</a></p>
          <dl class="facts">
            <div><dt>Policy digest</dt><dd><code>{exported.digest}</code></dd></div>
            <div><dt>SHA-256 of the file</dt><dd><code>{exported.sha256}</code></dd></div>
          </dl>
          <p class="remark">The digest is what logs, records and metrics of a gateway name.</p>
        </div>
      )}
    </div>
  );
}

function download({ address, name }: Exported): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
}

function hexOf(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function size(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
