// The frame of the playground: which policy it is, and the view of the address.

import { useEffect, useRef } from 'preact/hooks';
import { Busy } from '../shared/busy';
import { LinksOf } from '../shared/links';
import { usePlayground, type Playground, type State } from './site/playground';
import { address, useRoute, type Route, type View } from './site/route';
import { megabytes } from './site/words';
import { AboutView } from './views/about';
import { BookView } from './views/book';
import { CasesView } from './views/cases';
import { OptionsView } from './views/options';
import { RequestView } from './views/request';

const NAMES: Record<View, string> = {
  request: 'Request',
  options: 'Options',
  cases: 'Cases',
  book: 'Rule book',
  about: 'This policy',
};

const LINKS = { rule: (id: string) => address('book', id), source: () => null };

export function App() {
  const route = useRoute();
  const playground = usePlayground({ file: route.query.get('file'), name: route.query.get('case') });
  const { about } = playground.state;
  return (
    <LinksOf links={LINKS}>
      <a class="skip" href="#main" onClick={skip}>Skip to the content</a>
      <header class="top">
        <div class="who">
          <p class="product">Solgate playground</p>
          <Standing state={playground.state} />
        </div>
        <nav class="views" aria-label="Views">
          <ul class="plain">
            {Object.entries(NAMES).map(([view, name]) => (
              <li key={view}><a href={address(view as View)} aria-current={route.view === view ? 'page' : undefined}>{name}</a></li>
            ))}
          </ul>
        </nav>
      </header>
      <Main route={route} playground={playground} />
      <footer class="remark">
        Solgate {about?.release ?? ''} – everything is judged in this browser, and nothing leaves it. <a href="licences.txt">Licences</a>
      </footer>
    </LinksOf>
  );
}

function Main({ route, playground }: { route: Route; playground: Playground }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);
  const { about, loaded, broken } = playground.state;
  const name = NAMES[route.view];
  useEffect(() => {
    document.title = `${name} – ${about === null ? '' : `${about.name} – `}Solgate playground`;
  }, [name, about]);
  // Whoever uses no mouse goes on from the new view.
  useEffect(() => {
    if (!first.current && route.rest === '') heading.current?.focus();
    first.current = false;
  }, [route.view]);
  const size = about?.modules.reduce((sum, module) => sum + module.bytes, 0) ?? 0;
  return (
    <main id="main" class="stack">
      <h1 ref={heading} tabIndex={-1}>{name}</h1>
      {broken !== null && (
        <div class="box bad" role="alert">
          <h2>The playground does not work</h2>
          <p>{broken}</p>
          <p>Load the page again. If that does not help, tell whoever hosts it.</p>
        </div>
      )}
      {loaded === null && broken === null && <Busy words={about === null ? 'The site is read' : `The policy is loaded (${megabytes(size)} unpacked)`} />}
      {loaded !== null && <Shown route={route} playground={playground} />}
    </main>
  );
}

function Shown({ route, playground }: { route: Route; playground: Playground }) {
  switch (route.view) {
    case 'request': return <RequestView route={route} playground={playground} />;
    case 'options': return <OptionsView playground={playground} />;
    case 'cases': return <CasesView route={route} playground={playground} />;
    case 'book': return <BookView route={route} state={playground.state} />;
    case 'about': return <AboutView state={playground.state} />;
  }
}

function Standing({ state: { about, loaded } }: { state: State }) {
  if (about === null) return null;
  return (
    <p class="standing">
      <strong>{about.name}</strong> {about.version}{' '}
      {loaded !== null && <span class="mark good">ready</span>}{' '}
      <a href={address('about')} title={`digest ${about.digest}`}><code>{about.digest.slice(0, 12)}</code></a>
    </p>
  );
}

function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('h1')?.focus();
}
