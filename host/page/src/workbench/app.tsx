// The frame of the workbench: where one is, how the bundle stands, and the view of the address.

import { useEffect, useErrorBoundary, useMemo } from 'preact/hooks';
import { mistakesOf } from '../shared/files/compiled';
import { Frame, Main } from '../shared/frame';
import { LinksOf, type Links } from '../shared/links';
import { begin } from './state/editing';
import { address, useRoute, type Route, type View } from './state/route';
import { overlayOf, useStore, useWorkbench, type State } from './state/store';
import { BookView } from './views/book';
import { CasesView } from './views/cases';
import { ExportView } from './views/export';
import { Fault } from './views/fault';
import { FilesView } from './views/files/view';
import { OptionsView } from './views/options';
import { ReplayView } from './views/replay/view';
import { RequestView } from './views/request';
import { StatesView } from './views/states/view';

const NAMES: Record<View, string> = {
  files: 'Files',
  request: 'Request',
  cases: 'Cases',
  book: 'Rule book',
  states: 'States',
  options: 'Options',
  replay: 'Replay',
  export: 'Export',
};

export function App() {
  const store = useStore();
  const state = useWorkbench();
  const route = useRoute();
  useEffect(() => void begin(store), [store]);
  useEffect(() => {
    const leaving = (event: BeforeUnloadEvent) => {
      if (Object.keys(overlayOf(store.state)).length > 0) event.preventDefault();
    };
    window.addEventListener('beforeunload', leaving);
    return () => window.removeEventListener('beforeunload', leaving);
  }, [store]);
  const links = useMemo(() => linksOf(state), [state.info, state.files]);
  return (
    <LinksOf links={links}>
      <Frame
        product="Solgate workbench"
        standing={<Standing state={state} />}
        names={NAMES}
        view={route.view}
        footer={<>Solgate {state.info?.release ?? ''} — this page talks to <code>solgate ui</code> on this machine only.</>}
      >
        <Main product="Solgate workbench" name={NAMES[route.view]} policy={state.compiled?.name ?? state.info?.name ?? ''} goesOn={route.query.has('line')}>
          <Fault problem={state.fault} />
          {state.info === null ? state.fault === null && <p role="status">The bundle is read</p> : <Shown route={route} />}
        </Main>
      </Frame>
      <p class="hidden" role="status" aria-live="polite">{state.said}</p>
    </LinksOf>
  );
}

function Shown({ route }: { route: Route }) {
  const [fault, retry] = useErrorBoundary((error: unknown) => console.error(error));
  useEffect(retry, [route.view]);
  if (fault !== undefined) {
    return <Fault problem={{ status: 0, title: 'The page has a fault and cannot show this', detail: `${fault}. What is edited is kept: go to another view, or save it. Please report this.` }} />;
  }
  switch (route.view) {
    case 'files': return <FilesView route={route} />;
    case 'request': return <RequestView route={route} />;
    case 'cases': return <CasesView route={route} />;
    case 'book': return <BookView route={route} />;
    case 'states': return <StatesView route={route} />;
    case 'options': return <OptionsView />;
    case 'replay': return <ReplayView route={route} />;
    case 'export': return <ExportView />;
  }
}

function Standing({ state }: { state: State }) {
  const { info, compiled, compiling } = state;
  if (info === null) return null;
  const name = compiled?.name ?? info.name;
  const digest = compiled?.digest ?? info.digest;
  const errors = compiled === null ? 0 : mistakesOf(compiled).length;
  return (
    <p class="standing">
      <strong>{name ?? info.path}</strong> {compiled?.version ?? info.version ?? ''}{' '}
      {compiling && compiled === null && <span class="mark">is compiled</span>}
      {compiled?.ok === true && <span class="mark good">{info.kind === 'file' ? 'loaded' : 'compiles'}</span>}
      {compiled?.ok === false && <a class="mark bad" href={address('files', firstFault(state))}>{errors === 1 ? '1 mistake' : `${errors} mistakes`}</a>}
      {' '}{digest !== null && <code class="remark" title={`digest ${digest}`}>{digest.slice(0, 12)}</code>}
    </p>
  );
}

/** The first file with a mistake that can be opened here; those of a bundle that is extended cannot. */
function firstFault({ info, compiled }: State): string {
  const faulty = compiled?.diagnostics.find(({ path }) => info?.files.some((file) => file.path === path) === true);
  return faulty?.path ?? '';
}

/** Rules are in the rule book, and lines in the editor. */
function linksOf({ info, files }: State): Links {
  const isKnown = (path: string) => path in files || info?.files.some((file) => file.path === path) === true;
  return {
    rule: (id) => (info?.bundle === false ? null : address('book', id)),
    source: ({ path, line }) => (isKnown(path) ? address('files', path, { line: String(line) }) : null),
  };
}
