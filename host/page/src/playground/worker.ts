// The worker: it holds the policy and judges. Modules this large are not to be put together on the
// page's own thread, and a policy that does not end is ended with its worker.

import { differences } from './cases/differences';
import { judge } from './judging/judge';
import { Policy } from './judging/policy';
import { fetchedModule } from './files';
import type { Answer, Ask, PolicyFiles, PolicyModule, Question } from './messages';

// What of a worker is used; TypeScript has it only where there is no page.
interface Worker {
  addEventListener(type: 'message', listener: (event: { data: Ask }) => void): void;
  postMessage(answer: Answer): void;
}

const worker = self as unknown as Worker;
let loaded: { policy: Policy; mostViolations: number } | null = null;

worker.addEventListener('message', ({ data: { id, ...question } }) => {
  answer(question).then(
    (said) => worker.postMessage({ id, ...said }),
    (error: unknown) =>
      worker.postMessage({ id, said: 'failed', why: error instanceof Error ? error.message : String(error) }),
  );
});

type Said = Answer extends infer One ? (One extends Answer ? Omit<One, 'id'> : never) : never;

async function answer(question: Question): Promise<Said> {
  if (question.ask === 'load') return load(question.policy);
  if (loaded === null) throw new Error('the policy is not loaded yet');
  const { policy, mostViolations } = loaded;
  if (question.ask === 'judge') return { said: 'judged', ran: judge(policy, question.given, mostViolations) };
  const ran = judge(policy, question.case, mostViolations);
  const decided = ran.verdict === 'allow' || ran.verdict === 'deny';
  return { said: 'run', ran, differences: decided ? differences(ran, question.case.expect) : [] };
}

async function load({ modules, linking, mostViolations }: PolicyFiles): Promise<Said> {
  const begun = performance.now();
  const compiled = await Promise.all(modules.map(moduleOf));
  const policy = new Policy(compiled, linking);
  loaded = { policy, mostViolations };
  return { said: 'loaded', manifest: policy.manifest, milliseconds: performance.now() - begun };
}

/** What was baked in the page comes with its bytes. */
async function moduleOf(file: PolicyModule): Promise<WebAssembly.Module> {
  return WebAssembly.compile(file.content ?? (await fetchedModule(file)));
}
