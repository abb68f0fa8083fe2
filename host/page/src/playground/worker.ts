// The worker: it holds the policy and judges. Modules this large are not to be put together on the
// page's own thread, and a policy that does not end is ended with its worker.

import { differences } from './cases/differences';
import { judge } from './judging/judge';
import { Policy } from './judging/policy';
import { fetched } from './files';
import type { Answer, Ask, ModuleFile, PolicyFiles, Question } from './messages';

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

async function moduleOf({ path, sha256 }: ModuleFile): Promise<WebAssembly.Module> {
  const bytes = await fetched(path);
  const [module, found] = await Promise.all([WebAssembly.compile(bytes), digest(bytes)]);
  if (found !== null && found !== sha256) {
    throw new Error(`${path} is not the module that the site was made with: its SHA-256 is ${found}, expected ${sha256}`);
  }
  return module;
}

/** Null where the browser tells no digests: the page came without TLS, and not from this machine. */
async function digest(bytes: ArrayBuffer): Promise<string | null> {
  const subtle = (crypto as Partial<Crypto>).subtle;
  if (subtle === undefined) return null;
  const found = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return Array.from(found, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
