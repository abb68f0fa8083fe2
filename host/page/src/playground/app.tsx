// The frame of the playground: which policy it is, and the view of the address.

import { Busy } from '../shared/busy';
import { Frame, Main } from '../shared/frame';
import { LinksOf } from '../shared/links';
import type { Edit } from './edit';
import { usePlayground, type Playground, type State } from './site/playground';
import { address, useRoute, type Route, type View } from './site/route';
import { megabytes } from './site/words';
import { AboutView } from './views/about';
import { BookView } from './views/book';
import { CasesView } from './views/cases';
import { OptionsView } from './views/options';
import { RequestView } from './views/request';

const NAMES: Record<Exclude<View, 'files'>, string> = {
  request: 'Request',
  options: 'Options',
  cases: 'Cases',
  book: 'Rule book',
  about: 'This policy',
};

const PRODUCT = 'Solgate playground';

/** `edit` is there where the bundle can be edited. */
export function App({ edit }: { edit?: Edit }) {
  const found = useRoute();
  const route: Route = found.view === 'files' && edit === undefined ? { ...found, view: 'request' } : found;
  const names: Partial<Record<View, string>> = edit === undefined ? NAMES : { ...NAMES, files: 'Files' };
  const playground = usePlayground({ file: route.query.get('file'), name: route.query.get('case') });
  const { about, loaded, broken } = playground.state;
  const size = about?.modules.reduce((sum, module) => sum + module.bytes, 0) ?? 0;
  return (
    <LinksOf links={{ rule: (id) => address('book', id), source: edit?.source ?? (() => null) }}>
      <Frame
        product={PRODUCT}
        standing={<Standing state={playground.state} edit={edit} />}
        names={names}
        view={route.view}
        footer={<>Solgate {about?.release ?? ''} – everything is judged in this browser, and nothing leaves it.</>}
      >
        <Main product={PRODUCT} name={names[route.view] ?? ''} policy={about?.name ?? ''} goesOn={route.view === 'files' ? route.query.has('line') : route.rest !== ''}>
          {broken !== null && (
            <div class="box bad" role="alert">
              <h2>The playground does not work</h2>
              <p>{broken}</p>
              <p>Load the page again. If that does not help, tell whoever hosts it.</p>
            </div>
          )}
          {loaded === null && broken === null && <Busy words={about === null ? 'The site is read' : `The policy is loaded (${megabytes(size)} unpacked)`} />}
          {loaded !== null && <Shown route={route} playground={playground} edit={edit} />}
        </Main>
      </Frame>
    </LinksOf>
  );
}

interface ShownProps {
  route: Route;
  playground: Playground;
  edit: Edit | undefined;
}

function Shown({ route, playground, edit }: ShownProps) {
  if (edit === undefined) return <View route={route} playground={playground} />;
  if (route.view === 'files') return <edit.Files route={route} playground={playground} />;
  return <edit.Judged playground={playground}><View route={route} playground={playground} /></edit.Judged>;
}

function View({ route, playground }: Omit<ShownProps, 'edit'>) {
  switch (route.view) {
    case 'options': return <OptionsView playground={playground} />;
    case 'cases': return <CasesView route={route} playground={playground} />;
    case 'book': return <BookView route={route} state={playground.state} />;
    case 'about': return <AboutView state={playground.state} />;
    default: return <RequestView route={route} playground={playground} />;
  }
}

function Standing({ state: { about, loaded }, edit }: { state: State; edit: Edit | undefined }) {
  if (about === null) return null;
  return (
    <p class="standing">
      <strong>{about.name}</strong> {about.version}{' '}
      {loaded !== null && <span class="mark good">ready</span>}{' '}
      <a href={address('about')} title={`digest ${about.digest}`}><code>{about.digest.slice(0, 12)}</code></a>{' '}
      {edit !== undefined && <edit.Standing />}
    </p>
  );
}
