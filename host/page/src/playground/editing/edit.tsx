// What the page has in addition where the bundle can be edited.

import { useEffect } from 'preact/hooks';
import { Busy } from '../../shared/busy';
import { counted, mistakesOf } from '../../shared/files/compiled';
import type { Edit } from '../edit';
import type { Playground } from '../site/playground';
import { address } from '../site/route';
import { isChanged, useBench, type Bench } from './bench';
import { FilesView } from './views/files';

export function editOf(bench: Bench): Edit {
  return {
    Files: ({ route, playground }) => <FilesView route={route} playground={playground} bench={bench} />,
    Standing: () => <Standing bench={bench} />,
    Judged: ({ playground, children }) => <Judged playground={playground} bench={bench}>{children}</Judged>,
    source: ({ path, line }) => (isThere(bench, path) ? address('files', path, { line: String(line) }) : null),
  };
}

/** Before the files are read, those of the bundle itself are taken to be there. */
function isThere({ state: { files } }: Bench, path: string): boolean {
  return files === null ? !path.includes(':') : typeof files[path]?.text === 'string';
}

function Standing({ bench }: { bench: Bench }) {
  const { files, judged } = useBench(bench);
  const changed = Object.values(files ?? {}).filter(isChanged).length;
  const linted = bench.linted();
  const mistakes = linted === null ? 0 : mistakesOf(linted).length;
  useEffect(() => {
    const leaving = (event: BeforeUnloadEvent) => {
      if (changed > 0) event.preventDefault();
    };
    window.addEventListener('beforeunload', leaving);
    return () => window.removeEventListener('beforeunload', leaving);
  }, [changed > 0]);
  return (
    <>
      {judged > 0 && <span class="mark">edited</span>}{' '}
      {mistakes > 0 && <a class="mark bad" href={address('files', mistakesOf(linted!)[0]?.path)}>{counted(mistakes, 'mistake')}</a>}{' '}
      {changed > 0 && <a class="remark" href={address('files')}>{counted(changed, 'file')} changed</a>}
    </>
  );
}

interface JudgedProps {
  playground: Playground;
  bench: Bench;
  children: preact.ComponentChildren;
}

/** What is edited is baked and loaded before anything is judged by it. */
function Judged({ playground, bench, children }: JudgedProps) {
  const { does, fault, generation, judged } = useBench(bench);
  const linted = bench.linted();
  const waits = generation !== judged && fault === null && linted?.ok !== false;
  useEffect(() => {
    if (bench.isNewer()) void bench.judge(playground);
  }, [linted, does === null]);
  if (waits) return <Busy words={does ?? 'What is edited is compiled'} />;
  return (
    <>
      {generation !== judged && (
        <div class="box warn" role="alert">
          {fault === null
            ? <p>The files have mistakes, so that here is judged by the bundle as it was before them. <a href={address('files', linted === null ? '' : mistakesOf(linted)[0]?.path)}>Mend the files</a></p>
            : <p>Here is judged by the bundle as it was before it was edited: {fault} <button type="button" class="small" onClick={() => void bench.judge(playground)}>Try again</button></p>}
        </div>
      )}
      {children}
    </>
  );
}
