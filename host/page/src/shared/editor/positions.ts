// Places in a text as the compiler counts them: lines from 0, and UTF-16 units in the line.

import type { Text } from '@codemirror/state';

export interface Position {
  line: number;
  character: number;
}

export interface Range {
  start: Position;
  end: Position;
}

/** The offset of a place; the nearest one if the text has no such place any more. */
export function offsetOf(doc: Text, { line, character }: Position): number {
  const found = doc.line(Math.min(Math.max(line, 0) + 1, doc.lines));
  return line + 1 > doc.lines ? doc.length : Math.min(found.from + Math.max(character, 0), found.to);
}

export function positionOf(doc: Text, offset: number): Position {
  const line = doc.lineAt(offset);
  return { line: line.number - 1, character: offset - line.from };
}
