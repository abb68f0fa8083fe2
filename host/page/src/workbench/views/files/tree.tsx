// The files by what they are for.

import { useState } from 'preact/hooks';
import { TextField } from '../../../shared/fields';
import type { Diagnostic, FileEntry, Section, WorkbenchInfo } from '../../server/contract';
import { create } from '../../state/editing';
import { address, go } from '../../state/route';
import { isEdited, useStore, type State } from '../../state/store';

const SECTIONS: [Section, string][] = [
  ['policy', 'Policy'],
  ['api', 'API'],
  ['rules', 'Rules'],
  ['cases', 'Cases'],
  ['data', 'Data'],
  ['other', 'Other'],
];

export function FileTree({ info, state, chosen }: { info: WorkbenchInfo; state: State; chosen: string }) {
  const files = [...info.files, ...unsaved(info, state)];
  return (
    <nav class="tree" aria-label="Files">
      {SECTIONS.map(([section, words]) => {
        const entries = files.filter((file) => file.section === section);
        if (entries.length === 0) return null;
        return (
          <div key={section}>
            <h2 class="label">{words}</h2>
            <ul class="plain">{entries.map((entry) => <Entry key={entry.path} entry={entry} state={state} current={entry.path === chosen} />)}</ul>
          </div>
        );
      })}
      {!info.readOnly && info.kind === 'bundle' && <NewFile />}
    </nav>
  );
}

/** Files that are not on the disk yet. */
function unsaved(info: WorkbenchInfo, state: State): FileEntry[] {
  const fresh = Object.keys(state.files).filter((path) => !info.files.some((file) => file.path === path));
  return fresh.map((path) => ({ path, section: path.startsWith('rules/') ? 'rules' : path.startsWith('tests/') ? 'cases' : 'other', readOnly: false }));
}

function Entry({ entry, state, current }: { entry: FileEntry; state: State; current: boolean }) {
  const { path } = entry;
  const found = (state.compiled?.diagnostics ?? []).filter((each) => each.path === path);
  const worst = worstOf(found);
  return (
    <li>
      <a href={address('files', path)} aria-current={current ? 'page' : undefined}>
        <code>{path}</code>
        {isEdited(state.files[path]) && <span class="dot" title="not saved"><span class="hidden">, not saved</span></span>}
        {worst !== null && <span class={`mark ${worst === 'error' ? 'bad' : 'warn'}`}>{found.length}<span class="hidden"> {found.length === 1 ? 'remark' : 'remarks'} of the compiler</span></span>}
      </a>
    </li>
  );
}

function worstOf(found: readonly Diagnostic[]): Diagnostic['severity'] | null {
  if (found.length === 0) return null;
  return found.some(({ severity }) => severity === 'error') ? 'error' : 'warning';
}

function NewFile() {
  const store = useStore();
  const [path, setPath] = useState('');
  const [slip, setSlip] = useState<string | undefined>(undefined);
  return (
    <details class="new">
      <summary>New file</summary>
      <form
        class="stack tight"
        onSubmit={(event) => {
          event.preventDefault();
          const wrong = slipOf(path, store.state.info);
          setSlip(wrong);
          if (wrong !== undefined) return;
          create(store, path);
          setPath('');
          go(address('files', path));
        }}
      >
        <TextField label="Name" code value={path} placeholder="rules/mine.yaml" onValue={setPath} error={slip} />
        <button type="submit">Begin it</button>
      </form>
    </details>
  );
}

function slipOf(path: string, info: WorkbenchInfo | null): string | undefined {
  if (info?.files.some((file) => file.path === path) === true) return 'There is a file of this name already.';
  const plain = /^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*\.(?:ya?ml|json|csv|txt|md)$/.test(path);
  return plain ? undefined : 'Expected a name in the folder of the bundle that ends in .yaml, .json, .csv, .txt or .md.';
}
