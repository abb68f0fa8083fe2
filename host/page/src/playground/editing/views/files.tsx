// The files of the bundle, and the editor of one of them.

import { useEffect } from 'preact/hooks';
import { Busy } from '../../../shared/busy';
import { sectionOf, type FileEntry } from '../../../shared/files/compiled';
import { Mistakes } from '../../../shared/files/diagnostics';
import { FilePane } from '../../../shared/files/pane';
import { FileTree, NewFile } from '../../../shared/files/tree';
import type { Playground } from '../../site/playground';
import { address, type Route } from '../../site/route';
import { isChanged, useBench, type Bench, type BenchState, type OpenFile } from '../bench';
import { download, zipOf } from '../download';

export interface FilesViewProps {
  route: Route;
  playground: Playground;
  bench: Bench;
}

export function FilesView({ route, playground, bench }: FilesViewProps) {
  const state = useBench(bench);
  const { about } = playground.state;
  useEffect(() => {
    if (about !== null) void bench.open(about);
  }, [bench, about === null]);
  const { files, does, fault } = state;
  if (files === null) return <><Fault fault={fault} /><Busy words={fault === null ? (does ?? 'The files are read') : null} /></>;
  const entries = entriesOf(state);
  const path = files[route.rest] === undefined ? (entries[0]?.path ?? '') : route.rest;
  return (
    <div class="stack">
      <p>
        What is edited here stays in this browser until the page is closed. The other views judge by it: it is baked with the engine of Solgate, as by <code>solgate build</code>.
      </p>
      <Take bench={bench} name={about?.name ?? 'bundle'} />
      <div class="files">
        <FileTree files={entries} changed={(file) => wordsOf(files[file])} diagnostics={bench.linted()?.diagnostics} chosen={path}>
          <NewFile isTaken={(file) => files[file] !== undefined && files[file].text !== null} onCreate={(file) => bench.create(file)} />
        </FileTree>
        <Pane key={path} path={path} route={route} bench={bench} state={state} onSave={() => save(bench, about?.name ?? 'bundle')} />
      </div>
    </div>
  );
}

/** By name, the bundle's own first. */
function entriesOf({ files }: BenchState): FileEntry[] {
  const inherited = (path: string) => (path.startsWith('../') ? 1 : 0);
  const paths = Object.keys(files ?? {}).sort((a, b) => inherited(a) - inherited(b) || (a < b ? -1 : 1));
  const first = paths.filter((path) => path === 'policy.yaml');
  return [...first, ...paths.filter((path) => path !== 'policy.yaml')].map((path) => ({ path, section: sectionOf(path), readOnly: false }));
}

function wordsOf(file: OpenFile | undefined): string | null {
  if (!isChanged(file)) return null;
  return file?.text === null ? 'removed' : file?.original === null ? 'new' : 'changed';
}

interface PaneProps {
  path: string;
  route: Route;
  bench: Bench;
  state: BenchState;
  onSave: () => void;
}

function Pane({ path, route, bench, state, onSave }: PaneProps) {
  const file = state.files?.[path];
  if (file === undefined) return <p>The bundle has no files.</p>;
  const { text } = file;
  if (text === null) {
    return (
      <div class="pane stack tight">
        <h2><code>{path}</code> <span class="mark warn">removed</span></h2>
        <p><button type="button" onClick={() => bench.restore(path)}>Bring it back</button></p>
        <Compiler bench={bench} state={state} />
      </div>
    );
  }
  const changed = isChanged(file);
  return (
    <FilePane
      path={path}
      text={text}
      revision={file.revision}
      readOnly={false}
      remarks={changed && <span class="mark warn">{wordsOf(file)}</span>}
      actions={(
        <>
          <button type="button" onClick={() => bench.remove(path)}>Remove</button>
          <button type="button" aria-disabled={!changed} onClick={() => changed && bench.restore(path)}>Undo all changes</button>
        </>
      )}
      notes={null}
      diagnostics={bench.linted()?.diagnostics}
      marks={[]}
      route={route}
      saving="downloads the files"
      onText={(next) => bench.edit(path, next)}
      onSave={onSave}
      complete={(next, position) => bench.complete(path, next, position)}
      explain={(next, position) => bench.explain(path, next, position)}
    >
      <Compiler bench={bench} state={state} />
    </FilePane>
  );
}

/** What the compiler says of the files. */
function Compiler({ bench, state: { fault, does } }: { bench: Bench; state: BenchState }) {
  const linted = bench.linted();
  return (
    <>
      <Fault fault={fault} />
      <Busy words={does ?? (linted === null && fault === null ? 'The bundle is compiled' : null)} />
      {linted !== null && (
        <Mistakes compiled={linted}>
          The bundle compiles: {linted.rules} rules, {linted.cases} cases. <a href={address('cases')}>Run the cases</a>
        </Mistakes>
      )}
      {linted !== null && linted.lint !== '' && (
        <details>
          <summary>As <code>solgate lint</code> says it</summary>
          <pre class="document scroll">{linted.lint}</pre>
        </details>
      )}
    </>
  );
}

/** The files and the policy, to be taken along. */
function Take({ bench, name }: { bench: Bench; name: string }) {
  const { does } = useBench(bench);
  const linted = bench.linted();
  const busy = does !== null || linted?.ok !== true;
  const policy = async () => {
    if (busy) return;
    const made = await bench.bake().catch(() => null);
    if (made !== null) download(`${linted.name ?? name}-${linted.version ?? '0'}.wasm`, new Blob([made.file], { type: 'application/wasm' }));
  };
  return (
    <div class="row">
      <button type="button" class="first" aria-keyshortcuts="Control+S" onClick={() => save(bench, linted?.name ?? name)}>Download the files</button>
      <button type="button" aria-disabled={busy} onClick={() => void policy()}>Download the policy</button>
    </div>
  );
}

function save(bench: Bench, name: string): void {
  download(`${name}.zip`, zipOf(name, bench.texts()));
}

function Fault({ fault }: { fault: string | null }) {
  return fault === null ? null : <div class="box bad" role="alert"><p>{fault}</p></div>;
}
