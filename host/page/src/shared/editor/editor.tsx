// A text editor for one file. It lives in a shadow root, where the editor's styles are
// constructed sheets: a page that allows no inline style can show it.

import { closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, foldGutter, foldKeymap, indentUnit } from '@codemirror/language';
import { lintKeymap, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { assisted, type Assistance } from './assistance';
import { lineMarked, setLineMarks, type LineMark } from './marks';
import { offsetOf, type Range } from './positions';
import { look } from './theme';

export interface Mistake {
  range: Range;
  severity: 'error' | 'warning' | 'hint';
  message: string;
}

export interface EditorProps extends Assistance {
  /** Another path is another file, with a history of its own. */
  path: string;
  text: string;
  /** Another number: the text was changed elsewhere, and replaces what the editor has. */
  revision: number;
  readOnly: boolean;
  mistakes: readonly Mistake[];
  marks: readonly LineMark[];
  /** The line to go to, from 1; another object goes there again. */
  goTo: { line: number } | null;
  onText: (text: string) => void;
  onSave: () => void;
}

export function Editor(props: EditorProps) {
  const { path, revision, readOnly, mistakes, marks, goTo } = props;
  const home = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  latest.current = props;

  useLayoutEffect(() => {
    if (home.current === null) return undefined;
    const root = home.current.shadowRoot ?? home.current.attachShadow({ mode: 'open' });
    const state = EditorState.create({ doc: latest.current.text, extensions: extensions(path, readOnly, latest) });
    const made = new EditorView({ state, parent: root, root });
    view.current = made;
    return () => {
      view.current = null;
      made.destroy();
    };
  }, [path, readOnly]);

  // What was put in from outside, such as the text of the disk.
  useEffect(() => {
    const made = view.current;
    const { text } = latest.current;
    if (made === null || made.state.doc.toString() === text) return;
    made.dispatch({ changes: { from: 0, to: made.state.doc.length, insert: text } });
  }, [revision]);

  useEffect(() => {
    const made = view.current;
    if (made === null) return;
    made.dispatch(setDiagnostics(made.state, mistakes.map((mistake) => diagnostic(made.state, mistake))));
  }, [mistakes, path, readOnly]);

  useEffect(() => {
    view.current?.dispatch({ effects: setLineMarks.of(marks) });
  }, [marks, path, readOnly]);

  useEffect(() => {
    const made = view.current;
    if (made === null || goTo === null) return;
    const anchor = offsetOf(made.state.doc, { line: goTo.line - 1, character: 0 });
    made.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: 'center' }) });
    made.focus();
  }, [goTo, path, readOnly]);

  return <div class="editor" ref={home} />;
}

function extensions(path: string, readOnly: boolean, latest: { current: EditorProps }): Extension {
  return [
    lineMarked(),
    lineNumbers(),
    foldGutter(),
    highlightActiveLineGutter(),
    history(),
    drawSelection(),
    indentUnit.of('  '),
    EditorState.tabSize.of(2),
    EditorState.readOnly.of(readOnly),
    bracketMatching(),
    closeBrackets(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    // Tab leaves the editor, for those who have no mouse; Ctrl-] and Ctrl-[ indent.
    keymap.of([
      { key: 'Mod-s', preventDefault: true, run: () => (latest.current.onSave(), true) },
      ...completionKeymap,
      ...closeBracketsKeymap,
      ...lintKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...defaultKeymap,
    ]),
    language(path),
    assisted(() => latest.current),
    EditorView.contentAttributes.of({ 'aria-label': `Text of ${path}`, tabindex: '0' }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) latest.current.onText(update.state.doc.toString());
    }),
    look,
  ];
}

function language(path: string): Extension {
  if (/\.json$/.test(path)) return json();
  return /\.ya?ml$/.test(path) ? yaml() : [];
}

function diagnostic(state: EditorState, { range, severity, message }: Mistake): Diagnostic {
  const from = offsetOf(state.doc, range.start);
  const to = Math.max(from, offsetOf(state.doc, range.end));
  return { from, to, severity, message };
}
