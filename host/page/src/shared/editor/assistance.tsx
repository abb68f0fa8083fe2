// What the compiler says of a text while it is edited: completion, and what stands at a place.

import { autocompletion, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { StateEffect, StateField, type Extension } from '@codemirror/state';
import { hoverTooltip, keymap, showTooltip, type EditorView, type Tooltip } from '@codemirror/view';
import { render } from 'preact';
import { Prose } from '../prose';
import { offsetOf, positionOf, type Position, type Range } from './positions';

export interface CompletionItem {
  label: string;
  kind: string;
  detail: string | null;
  /** Markdown. */
  documentation: string | null;
  insert: string;
  range: Range;
}

export interface Explained {
  /** Null if there is nothing to say. */
  markdown: string | null;
  range: Range | null;
}

export interface Assistance {
  complete: (text: string, position: Position) => Promise<CompletionItem[]>;
  explain: (text: string, position: Position) => Promise<Explained>;
}

const TYPES: Record<string, string> = { member: 'property', value: 'constant', root: 'variable', field: 'property', function: 'function', name: 'text' };

/** `assistance` is looked up each time, so that it may change. */
export function assisted(assistance: () => Assistance): Extension {
  return [
    autocompletion({ override: [(context) => completed(context, assistance())], icons: false, maxRenderedOptions: 200 }),
    hoverTooltip((view, offset) => tooltipAt(view, offset, assistance())),
    explanation,
    keymap.of([
      { key: 'F2', run: (view) => explainHere(view, assistance()) },
      { key: 'Escape', run: (view) => hide(view) },
    ]),
  ];
}

async function completed(context: CompletionContext, assistance: Assistance): Promise<CompletionResult | null> {
  const word = context.matchBefore(/[\w.$'"-]*/);
  if (!context.explicit && (word === null || word.from === word.to)) return null;
  const { doc } = context.state;
  const items = await assistance.complete(doc.toString(), positionOf(doc, context.pos));
  const [first] = items;
  if (first === undefined || context.aborted) return null;
  return { from: offsetOf(doc, first.range.start), options: items.map((item) => completion(doc, item)), validFor: /^[\w-]*$/ };
}

function completion(doc: Parameters<typeof offsetOf>[0], item: CompletionItem): Completion {
  // What stands behind the cursor and is replaced, too.
  const from = offsetOf(doc, item.range.start);
  const length = offsetOf(doc, item.range.end) - from;
  const known: Completion = {
    label: item.label,
    type: TYPES[item.kind] ?? 'text',
    apply: (view, _, start, end) => {
      const until = Math.min(Math.max(end, start + length), view.state.doc.length);
      view.dispatch({ changes: { from: start, to: until, insert: item.insert }, selection: { anchor: start + item.insert.length }, userEvent: 'input.complete' });
    },
  };
  if (item.detail !== null) known.detail = item.detail;
  if (item.documentation !== null) known.info = () => drawn(item.documentation ?? '');
  return known;
}

function drawn(markdown: string): HTMLElement {
  const home = document.createElement('div');
  home.className = 'cm-prose';
  render(<Prose text={markdown} />, home);
  return home;
}

async function tooltipAt(view: EditorView, offset: number, assistance: Assistance): Promise<Tooltip | null> {
  const { doc } = view.state;
  const { markdown, range } = await assistance.explain(doc.toString(), positionOf(doc, offset));
  if (markdown === null || view.state.doc !== doc) return null;
  const pos = range === null ? offset : offsetOf(doc, range.start);
  const end = range === null ? offset : offsetOf(doc, range.end);
  return { pos, end, above: true, create: () => ({ dom: drawn(markdown) }) };
}

// For those who use no mouse: the same, at the cursor, until something is done.

const show = StateEffect.define<Tooltip | null>();

const explanation = StateField.define<Tooltip | null>({
  create: () => null,
  update(shown, transaction) {
    for (const effect of transaction.effects) if (effect.is(show)) return effect.value;
    return transaction.docChanged || transaction.selection !== undefined ? null : shown;
  },
  provide: (field) => showTooltip.from(field),
});

function explainHere(view: EditorView, assistance: Assistance): boolean {
  void tooltipAt(view, view.state.selection.main.head, assistance).then((tooltip) => {
    const nothing: Tooltip = { pos: view.state.selection.main.head, above: true, create: () => ({ dom: drawn('There is nothing to explain here.') }) };
    const said = tooltip ?? nothing;
    view.dispatch({ effects: show.of({ ...said, create: (inner) => spoken(said.create(inner).dom) }) });
  });
  return true;
}

function spoken(dom: HTMLElement) {
  dom.setAttribute('role', 'status');
  return { dom };
}

function hide(view: EditorView): boolean {
  if (view.state.field(explanation) === null) return false;
  view.dispatch({ effects: show.of(null) });
  return true;
}
