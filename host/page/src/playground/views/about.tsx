// Which policy it is, so that it can be compared with what production says.

import type { State } from '../site/playground';
import { megabytes } from '../site/words';

export function AboutView({ state: { about, loaded } }: { state: State }) {
  if (about === null || loaded === null) return null;
  const { manifest, milliseconds } = loaded;
  // A policy that names no digest is told by its file.
  const own = manifest.digest === '' ? (about.file.sha256 ?? '') : manifest.digest;
  return (
    <div class="stack">
      <p>
        The policy is a WebAssembly component. This page runs the core modules of its file, byte for byte, in a worker of this browser;
        a gate runs the same file. Where it says the same digest, it judges by the same rules.
      </p>
      {own !== about.digest && (
        <div class="box bad" role="alert"><p>The policy says another digest of itself than the site does: {own}.</p></div>
      )}
      <dl class="facts panel identity">
        <Term name="Policy">{manifest.name} {manifest.version}</Term>
        <Term name="Digest"><code>{own}</code></Term>
        <Term name="SHA-256 of the file"><code>{about.file.sha256 ?? 'the browser tells it over HTTPS only'}</code></Term>
        <Term name="Size of the file">{about.file.bytes} bytes ({megabytes(about.file.bytes)})</Term>
        {about.modules.map((module, at) => (
          <Term key={module.path} name={about.modules.length === 1 ? 'Its core module' : `Core module ${at + 1}`}>
            {module.bytes} bytes, SHA-256 <code>{module.sha256 === '' ? 'told over HTTPS only' : module.sha256}</code>
          </Term>
        ))}
        <Term name="API roots"><code>{manifest.apiRoots.join(' ')}</code></Term>
        <Term name="Operations">{manifest.operations.length}</Term>
        <Term name="Rules">{manifest.rules.length}</Term>
        <Term name="Cases">{about.caseCount}</Term>
        <Term name="Loaded in">{Math.round(milliseconds)} ms</Term>
      </dl>
      <p class="remark">
        The digest is the one in decision logs, in metrics and at <code>/status</code> of a gate. <code>sha256sum</code> prints that of the file.
        A gate also refuses what no policy sees, and limits the time and the memory of an evaluation; this page does not.
      </p>
    </div>
  );
}

function Term({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
