// The files of the bundle, and the editor of one of them.

import { useEffect, useMemo, useState } from 'preact/hooks';
import { coverOf, COVERS, coverWords, type RuleCoverage } from '../../../shared/cases/report';
import { Editor } from '../../../shared/editor/editor';
import type { LineMark } from '../../../shared/editor/marks';
import type { Position } from '../../../shared/editor/positions';
import { server } from '../../server/client';
import type { Diagnostic, ProblemDetails } from '../../server/contract';
import { discard, edit, open, save } from '../../state/editing';
import { address, type Route } from '../../state/route';
import { isEdited, overlayOf, problemOf, useStore, useWorkbench, type State } from '../../state/store';
import { DiagnosticList, Fault } from '../fault';
import { Conflict } from './conflict';
import { FileTree } from './tree';
import './files.css';

export function FilesView({ route }: { route: Route }) {
  const state = useWorkbench();
  const { info } = state;
  if (info === null) return null;
  const path = route.rest === '' ? (info.files[0]?.path ?? '') : route.rest;
  return (
    <div class="files">
      <FileTree info={info} state={state} chosen={path} />
      {path === '' ? <p>The policy carries no files.</p> : <FilePane key={path} path={path} route={route} />}
    </div>
  );
}

function FilePane({ path, route }: { path: string; route: Route }) {
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
  const diagnostics = state.compiled?.diagnostics;
  const mistakes = useMemo(
    () => (diagnostics ?? []).filter((each) => each.path === path).map((each) => ({ ...each, message: each.help === null ? each.message : `${each.message}\n${each.help}` })),
    [diagnostics, path],
  );
  const marks = useMemo(() => marksOf(path, state), [path, state.report, state.places]);
  const line = route.query.get('line');
  const goTo = useMemo(() => (line === null ? null : { line: Number(line) }), [route, line]);
  if (file === undefined) return <div class="pane"><Fault problem={fault} />{fault === null && <p role="status">{path} is read</p>}</div>;
  const edited = isEdited(file);
  return (
    <div class="pane stack tight">
      <div class="row bar-of-file">
        <h2 class="grow"><code>{path}</code> {edited && <span class="mark warn">not saved</span>} {file.readOnly && <span class="mark">read-only</span>}</h2>
        {!file.readOnly && (
          <>
            <button type="button" aria-disabled={!edited} onClick={() => edited && discard(store, path)}>Discard</button>
            <button type="button" class="first" aria-disabled={!edited} aria-keyshortcuts="Control+S" onClick={keep}>Save</button>
          </>
        )}
      </div>
      <Fault problem={fault} />
      {file.theirs !== null && <Conflict path={path} theirs={file.theirs.text} onFault={setFault} />}
      <Editor
        path={path}
        text={file.text}
        revision={file.revision}
        readOnly={file.readOnly}
        mistakes={mistakes}
        marks={marks}
        goTo={goTo}
        onText={(text) => edit(store, path, text)}
        onSave={keep}
        complete={async (text: string, position: Position) => (await server.complete({ ...overlayOf(store.state), [path]: text }, path, position)).items}
        explain={(text: string, position: Position) => server.explain({ ...overlayOf(store.state), [path]: text }, path, position)}
      />
      <p class="remark keys">
        <kbd>Ctrl</kbd>-<kbd>Space</kbd> completes, <kbd>F2</kbd> explains what stands at the cursor, <kbd>F8</kbd> goes to the next mistake, <kbd>Ctrl</kbd>-<kbd>S</kbd>{' '}
        saves, <kbd>Tab</kbd> leaves the editor.
      </p>
      <Mistakes state={state} />
    </div>
  );
}

function Mistakes({ state }: { state: State }) {
  const { compiled, compileFault, info } = state;
  if (compileFault !== null) return <Fault problem={compileFault} />;
  if (compiled === null) return null;
  return (
    <section aria-labelledby="mistakes" class="stack tight">
      <h2 id="mistakes" aria-live="polite">{countWords(compiled.diagnostics)}</h2>
      {compiled.ok && <p class="remark">{info?.kind === 'file' ? 'The policy is loaded' : 'The bundle compiles'}: {compiled.rules} rules, {compiled.cases} cases. <a href={address('cases')}>Run the cases</a></p>}
      <DiagnosticList diagnostics={compiled.diagnostics} />
    </section>
  );
}

function countWords(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const words = [counted(errors, 'mistake'), counted(warnings, 'warning')].filter((each) => each !== '');
  return words.length === 0 ? 'No mistakes' : words.join(', ');
}

function counted(count: number, name: string): string {
  return count === 0 ? '' : count === 1 ? `1 ${name}` : `${count} ${name}s`;
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
