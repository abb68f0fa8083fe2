// The files by what they are for.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { TextField } from '../fields';
import { addressOf, go } from '../route';
import type { Diagnostic, FileEntry, Section } from './compiled';
import './files.css';

const SECTIONS: [Section, string][] = [
  ['policy', 'Policy'],
  ['api', 'API'],
  ['rules', 'Rules'],
  ['cases', 'Cases'],
  ['data', 'Data'],
  ['other', 'Other'],
];

export interface FileTreeProps {
  files: readonly FileEntry[];
  /** In a word or two, what is said of a file that was changed; null if it was not. */
  changed: (path: string) => string | null;
  diagnostics: readonly Diagnostic[] | undefined;
  chosen: string;
  children: ComponentChildren;
}

export function FileTree({ files, changed, diagnostics, chosen, children }: FileTreeProps) {
  return (
    <nav class="tree" aria-label="Files">
      {SECTIONS.map(([section, words]) => {
        const entries = files.filter((file) => file.section === section);
        if (entries.length === 0) return null;
        return (
          <div key={section}>
            <h2 class="label">{words}</h2>
            <ul class="plain">
              {entries.map(({ path }) => (
                <Entry key={path} path={path} changed={changed(path)} found={(diagnostics ?? []).filter((each) => each.path === path)} current={path === chosen} />
              ))}
            </ul>
          </div>
        );
      })}
      {children}
    </nav>
  );
}

function Entry({ path, changed, found, current }: { path: string; changed: string | null; found: readonly Diagnostic[]; current: boolean }) {
  const worst = worstOf(found);
  return (
    <li>
      <a href={addressOf('files', path)} aria-current={current ? 'page' : undefined}>
        <code>{path}</code>
        {changed !== null && <span class="dot" title={changed}><span class="hidden">, {changed}</span></span>}
        {worst !== null && <span class={`mark ${worst === 'error' ? 'bad' : 'warn'}`}>{found.length}<span class="hidden"> {found.length === 1 ? 'remark' : 'remarks'} of the compiler</span></span>}
      </a>
    </li>
  );
}

function worstOf(found: readonly Diagnostic[]): Diagnostic['severity'] | null {
  if (found.length === 0) return null;
  return found.some(({ severity }) => severity === 'error') ? 'error' : 'warning';
}

export interface NewFileProps {
  isTaken: (path: string) => boolean;
  onCreate: (path: string) => void;
}

export function NewFile({ isTaken, onCreate }: NewFileProps) {
  const [path, setPath] = useState('');
  const [slip, setSlip] = useState<string | undefined>(undefined);
  return (
    <details class="new">
      <summary>New file</summary>
      <form
        class="stack tight"
        onSubmit={(event) => {
          event.preventDefault();
          const wrong = isTaken(path) ? 'There is a file of this name already.' : slipOf(path);
          setSlip(wrong);
          if (wrong !== undefined) return;
          onCreate(path);
          setPath('');
          go(addressOf('files', path));
        }}
      >
        <TextField label="Name" code value={path} placeholder="rules/mine.yaml" onValue={setPath} error={slip} />
        <button type="submit">Begin it</button>
      </form>
    </details>
  );
}

function slipOf(path: string): string | undefined {
  const plain = /^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*\.(?:ya?ml|json|csv|txt|md)$/.test(path);
  return plain ? undefined : 'Expected a name in the folder of the bundle that ends in .yaml, .json, .csv, .txt or .md.';
}
