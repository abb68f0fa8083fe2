// Marks beside the lines: what the cases have shown of the rules that stand there.

import { RangeSetBuilder, StateEffect, StateField, type Extension, type Text } from '@codemirror/state';
import { gutter, GutterMarker } from '@codemirror/view';
import type { RangeSet } from '@codemirror/state';

export interface LineMark {
  /** Counted from 1. */
  line: number;
  /** The class of this line and of those after it, up to the next mark. */
  kind: string;
  sign: string;
  words: string;
}

class Mark extends GutterMarker {
  constructor(readonly kind: string, readonly sign: string, readonly words: string) {
    super();
    this.elementClass = `cm-mark cm-mark-${kind}`;
  }

  override eq(other: GutterMarker): boolean {
    return other instanceof Mark && other.kind === this.kind && other.sign === this.sign && other.words === this.words;
  }

  override toDOM(): Node {
    const shown = document.createElement('span');
    shown.textContent = this.sign;
    if (this.words !== '') shown.title = this.words;
    return shown;
  }
}

export const setLineMarks = StateEffect.define<readonly LineMark[]>();

const lineMarks = StateField.define<RangeSet<GutterMarker>>({
  create: () => new RangeSetBuilder<GutterMarker>().finish(),
  update(marks, transaction) {
    for (const effect of transaction.effects) if (effect.is(setLineMarks)) return placed(transaction.state.doc, effect.value);
    return marks.map(transaction.changes);
  },
});

function placed(doc: Text, marks: readonly LineMark[]): RangeSet<GutterMarker> {
  const builder = new RangeSetBuilder<GutterMarker>();
  const sorted = marks.filter(({ line }) => line >= 1 && line <= doc.lines).sort((a, b) => a.line - b.line);
  sorted.forEach((mark, at) => {
    const end = sorted[at + 1]?.line ?? doc.lines + 1;
    for (let number = mark.line; number < end; number += 1) {
      const line = doc.line(number);
      const first = number === mark.line;
      if (first || line.text.trim() !== '') builder.add(line.from, line.from, new Mark(mark.kind, first ? mark.sign : '', mark.words));
    }
  });
  return builder.finish();
}

export function lineMarked(): Extension {
  return [lineMarks, gutter({ class: 'cm-marks', markers: (view) => view.state.field(lineMarks) })];
}
