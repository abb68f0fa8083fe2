// Texts of rules and of completion, in the little Markdown that they use: paragraphs, fenced
// code, lists, `code` and **bold**.

import type { ComponentChildren } from 'preact';

export function Prose({ text }: { text: string }) {
  const blocks = text.split(/^```\w*\n([\s\S]*?)^```$/m);
  return (
    <div class="stack tight">
      {blocks.map((block, at) => (at % 2 === 1 ? <pre key={at}>{block.trimEnd()}</pre> : paragraphs(block)))}
    </div>
  );
}

function paragraphs(block: string): ComponentChildren {
  return block.split(/\n{2,}/).filter((part) => part.trim() !== '').map((part, at) => {
    const lines = part.trim().split('\n');
    if (lines.every((line) => /^[-*] /.test(line))) {
      return <ul key={at} class="listed">{lines.map((line, item) => <li key={item}><Inline text={line.slice(2)} /></li>)}</ul>;
    }
    return <p key={at}><Inline text={part.trim()} /></p>;
  });
}

/** One line of it. */
export function Inline({ text }: { text: string }) {
  const parts = text.split(/(`[^`]+`|\*\*[^*]+\*\*)/);
  return (
    <>
      {parts.map((part, at) => {
        if (at % 2 === 0) return part;
        return part.startsWith('`') ? <code key={at}>{part.slice(1, -1)}</code> : <strong key={at}>{part.slice(2, -2)}</strong>;
      })}
    </>
  );
}
