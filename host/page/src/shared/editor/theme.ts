// The look of the editor, in the colours of the page.

import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const mark = (colour: string) => ({ boxShadow: `inset 4px 0 0 ${colour}` });

const theme = EditorView.theme({
  '&': { backgroundColor: 'var(--panel)', color: 'var(--text)', fontSize: '0.86rem', height: '100%' },
  '&.cm-focused': { outline: '2px solid var(--focus)' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.5' },
  '.cm-content': { caretColor: 'var(--text)' },
  '.cm-cursor, .cm-dropCursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'var(--sunk)', color: 'var(--quiet)', border: 'none', borderRight: '1px solid var(--line)' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'color-mix(in srgb, var(--accent) 8%, transparent)' },
  '.cm-activeLineGutter': { color: 'var(--text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection': { backgroundColor: 'var(--selection)' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--selection)' },
  '.cm-marks .cm-gutterElement': { minWidth: '1.5rem', padding: '0 0.2rem 0 0.5rem', fontWeight: '700' },
  '.cm-mark-covered': { ...mark('var(--good)'), color: 'var(--good)', backgroundColor: 'var(--good-back)' },
  '.cm-mark-half': { ...mark('var(--warn)'), color: 'var(--warn)', backgroundColor: 'var(--warn-back)' },
  '.cm-mark-never': { ...mark('var(--bad)'), color: 'var(--bad)', backgroundColor: 'var(--bad-back)' },
  // The editor's own marks are images, which the page may not load from its text.
  '.cm-lintRange': { backgroundImage: 'none', paddingBottom: '0' },
  '.cm-lintRange-error': { textDecoration: 'underline wavy var(--bad)', textDecorationSkipInk: 'none', backgroundImage: 'none' },
  '.cm-lintRange-warning, .cm-lintRange-hint, .cm-lintRange-info': { textDecoration: 'underline wavy var(--warn)', backgroundImage: 'none' },
  '.cm-lintPoint:after': { borderBottomColor: 'var(--bad)' },
  '.cm-diagnostic': { padding: '0.2rem 0.6rem', whiteSpace: 'pre-wrap', maxWidth: '42rem' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--warn)' },
  '.cm-tooltip': { backgroundColor: 'var(--panel)', color: 'var(--text)', border: '1px solid var(--strong-line)', borderRadius: '5px', maxWidth: 'min(42rem, 95vw)' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', maxWidth: 'min(40rem, 90vw)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--on-accent)' },
  '.cm-completionDetail': { color: 'inherit', opacity: '0.85', fontStyle: 'normal', marginLeft: '1rem' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-tooltip.cm-completionInfo': { padding: '0.4rem 0.6rem', fontFamily: 'inherit' },
  '.cm-prose': { padding: '0.4rem 0.6rem', maxHeight: '18rem', overflowY: 'auto', font: '0.9rem/1.45 system-ui, sans-serif' },
  '.cm-completionInfo .cm-prose': { padding: '0' },
  // On a narrow screen it would hide what can be chosen.
  '@media (max-width: 500px)': { '.cm-tooltip.cm-completionInfo': { display: 'none' } },
  '.cm-prose p, .cm-prose pre, .cm-prose ul': { margin: '0 0 0.4rem' },
  '.cm-prose pre': { fontFamily: 'var(--mono)', fontSize: '0.85rem', whiteSpace: 'pre-wrap', backgroundColor: 'var(--sunk)', padding: '0.3rem 0.5rem', borderRadius: '4px' },
  '.cm-prose code': { fontFamily: 'var(--mono)', fontSize: '0.88em' },
  '.cm-panels': { backgroundColor: 'var(--sunk)', color: 'var(--text)' },
  '.cm-panels.cm-panels-bottom': { borderTop: '1px solid var(--line)' },
  '.cm-panel.cm-search': { font: '0.88rem system-ui, sans-serif' },
  '.cm-panel.cm-search label': { fontSize: '0.88rem' },
  '.cm-textfield': { backgroundColor: 'var(--panel)', color: 'var(--text)', border: '1px solid var(--strong-line)' },
  '.cm-button': { backgroundImage: 'none', backgroundColor: 'var(--panel)', color: 'var(--text)', border: '1px solid var(--strong-line)', borderRadius: '4px' },
  '.cm-searchMatch': { backgroundColor: 'var(--warn-back)', outline: '1px solid var(--warn)' },
  '.cm-foldPlaceholder': { backgroundColor: 'var(--sunk)', border: '1px solid var(--line)', color: 'var(--quiet)' },
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--code-key)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--code-text)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--code-number)' },
  { tag: [tags.keyword, tags.meta, tags.labelName, tags.typeName], color: 'var(--code-word)' },
  { tag: tags.comment, color: 'var(--code-remark)', fontStyle: 'italic' },
]);

export const look: Extension = [theme, syntaxHighlighting(colours)];
