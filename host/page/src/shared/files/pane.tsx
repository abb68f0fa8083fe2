// One file in the editor.

import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { Editor } from '../editor/editor';
import type { Assistance } from '../editor/assistance';
import type { LineMark } from '../editor/marks';
import type { Route } from '../route';
import type { Diagnostic } from './compiled';
import './files.css';

export interface FilePaneProps extends Assistance {
  path: string;
  text: string;
  /** Counts the texts that did not come from the editor. */
  revision: number;
  readOnly: boolean;
  /** What there is to know of the file, beside its name. */
  remarks: ComponentChildren;
  /** What can be done with it. */
  actions: ComponentChildren;
  /** Between its name and the editor. */
  notes: ComponentChildren;
  diagnostics: readonly Diagnostic[] | undefined;
  marks: readonly LineMark[];
  /** It may name a line. */
  route: Route;
  /** What Control-S does, after that key. */
  saving: ComponentChildren;
  onText: (text: string) => void;
  onSave: () => void;
  /** Below the editor. */
  children: ComponentChildren;
}

export function FilePane(props: FilePaneProps) {
  const { path, diagnostics, route, children } = props;
  const mistakes = useMemo(
    () => (diagnostics ?? []).filter((each) => each.path === path).map((each) => ({ ...each, message: each.help === null ? each.message : `${each.message}\n${each.help}` })),
    [diagnostics, path],
  );
  const line = route.query.get('line');
  const goTo = useMemo(() => (line === null ? null : { line: Number(line) }), [route, line]);
  return (
    <div class="pane stack tight">
      <div class="row bar-of-file">
        <h2 class="grow"><code>{path}</code> {props.remarks}</h2>
        {props.actions}
      </div>
      {props.notes}
      <Editor
        path={path}
        text={props.text}
        revision={props.revision}
        readOnly={props.readOnly}
        mistakes={mistakes}
        marks={props.marks}
        goTo={goTo}
        onText={props.onText}
        onSave={props.onSave}
        complete={props.complete}
        explain={props.explain}
      />
      <p class="remark keys">
        <kbd>Ctrl</kbd>-<kbd>Space</kbd> completes, <kbd>F2</kbd> explains what stands at the cursor, <kbd>F8</kbd> goes to the next mistake, <kbd>Ctrl</kbd>-<kbd>S</kbd>{' '}
        {props.saving}, <kbd>Tab</kbd> leaves the editor.
      </p>
      {children}
    </div>
  );
}
