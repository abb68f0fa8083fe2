// The files of the bundle, and the editor of one of them.

import { useEffect, useMemo, useState } from 'preact/hooks';
import { coverOf, COVERS, coverWords, type RuleCoverage } from '../../../shared/cases/report';
import type { LineMark } from '../../../shared/editor/marks';
import type { Position } from '../../../shared/editor/positions';
import { sectionOf, type FileEntry } from '../../../shared/files/compiled';
import { Mistakes } from '../../../shared/files/diagnostics';
import { FilePane } from '../../../shared/files/pane';
import { FileTree, NewFile } from '../../../shared/files/tree';
import { server } from '../../server/client';
import type { ProblemDetails, WorkbenchInfo } from '../../server/contract';
import { create, discard, edit, open, save } from '../../state/editing';
import { address, type Route } from '../../state/route';
import { isEdited, overlayOf, problemOf, useStore, useWorkbench, type State } from '../../state/store';
import { Fault } from '../fault';
import { Conflict } from './conflict';

export function FilesView({ route }: { route: Route }) {
  const store = useStore();
  const state = useWorkbench();
  const { info } = state;
  if (info === null) return null;
  const path = route.rest === '' ? (info.files[0]?.path ?? '') : route.rest;
  return (
    <div class="files">
      <FileTree
        files={[...info.files, ...unsaved(info, state)]}
        changed={(file) => (isEdited(state.files[file]) ? 'not saved' : null)}
        diagnostics={state.compiled?.diagnostics}
        chosen={path}
      >
        {!info.readOnly && info.kind === 'bundle' && (
          <NewFile isTaken={(file) => info.files.some((known) => known.path === file)} onCreate={(file) => create(store, file)} />
        )}
      </FileTree>
      {path === '' ? <p>The policy carries no files.</p> : <Pane key={path} path={path} route={route} />}
    </div>
  );
}

/** Files that are not on the disk yet. */
function unsaved(info: WorkbenchInfo, state: State): FileEntry[] {
  const fresh = Object.keys(state.files).filter((path) => !info.files.some((file) => file.path === path));
  return fresh.map((path) => ({ path, section: sectionOf(path), readOnly: false }));
}

function Pane({ path, route }: { path: string; route: Route }) {
  const store = useStore();
  const state = useWorkbench();
  const [fault, setFault] = useState<ProblemDetails | null>(null);
  const file = state.files[path];
  useEffect(() => {
    open(store, path).catch((error: unknown) => setFault(problemOf(error)));
  }, [store, path]);
  const keep = () => {
    setFault(null);
    save(store, path).catch((error: unknown) => setFault(problemOf(error)));
  };
  const marks = useMemo(() => marksOf(path, state), [path, state.report, state.places]);
  if (file === undefined) return <div class="pane"><Fault problem={fault} />{fault === null && <p role="status">{path} is read</p>}</div>;
  const edited = isEdited(file);
  return (
    <FilePane
      path={path}
      text={file.text}
      revision={file.revision}
      readOnly={file.readOnly}
      remarks={<>{edited && <span class="mark warn">not saved</span>} {file.readOnly && <span class="mark">read-only</span>}</>}
      actions={!file.readOnly && (
        <>
          <button type="button" aria-disabled={!edited} onClick={() => edited && discard(store, path)}>Discard</button>
          <button type="button" class="first" aria-disabled={!edited} aria-keyshortcuts="Control+S" onClick={keep}>Save</button>
        </>
      )}
      notes={<><Fault problem={fault} />{file.theirs !== null && <Conflict path={path} theirs={file.theirs.text} onFault={setFault} />}</>}
      diagnostics={state.compiled?.diagnostics}
      marks={marks}
      route={route}
      saving="saves"
      onText={(text) => edit(store, path, text)}
      onSave={keep}
      complete={async (text: string, position: Position) => (await server.complete({ ...overlayOf(store.state), [path]: text }, path, position)).items}
      explain={(text: string, position: Position) => server.explain({ ...overlayOf(store.state), [path]: text }, path, position)}
    >
      <Compiler state={state} />
    </FilePane>
  );
}

function Compiler({ state: { compiled, compileFault, info } }: { state: State }) {
  if (compileFault !== null) return <Fault problem={compileFault} />;
  if (compiled === null) return null;
  return (
    <Mistakes compiled={compiled}>
      {info?.kind === 'file' ? 'The policy is loaded' : 'The bundle compiles'}: {compiled.rules} rules, {compiled.cases} cases. <a href={address('cases')}>Run the cases</a>
    </Mistakes>
  );
}

/** What the last run of the cases has shown of the rules in a file. */
function marksOf(path: string, { report, places }: State): LineMark[] {
  const coverage = report?.coverage ?? null;
  if (coverage === null) return [];
  return coverage.rules.flatMap((rule: RuleCoverage) => {
    const place = places[rule.rule];
    if (place === undefined || place.path !== path) return [];
    const kind = coverOf(rule);
    return [{ line: place.line, kind, sign: COVERS[kind].sign, words: `${rule.rule}: ${coverWords(rule)}` }];
  });
}
