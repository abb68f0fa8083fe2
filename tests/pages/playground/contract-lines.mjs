// Prints the contract as the page has it, in the form of host/policy/src/fit/judge.txt:
//   node contract-lines.mjs
// It needs the packages of host/page.

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const page = fileURLToPath(new URL('../../../host/page/', import.meta.url));
const { build } = createRequire(`${page}package.json`)('esbuild');
const built = await build({
  entryPoints: [`${page}src/playground/policy/contract.ts`],
  bundle: true,
  format: 'esm',
  write: false,
});
const source = Buffer.from(built.outputFiles[0].contents).toString('base64');
const { describe, evaluate } = await import(`data:text/javascript;base64,${source}`);

for (const [name, { parameters, result }] of Object.entries({ describe, evaluate })) {
  console.log(`${name}: a function of (${parameters.map((one) => one.name).join(', ')})`);
  for (const { name: parameter, type } of parameters) print(`${name}(${parameter})`, type);
  print(`${name}()`, result);
}

function print(place, type) {
  switch (type.kind) {
    case 'list':
      console.log(`${place}: a list`);
      return print(`${place}[]`, type.of);
    case 'option':
      console.log(`${place}: an option`);
      return print(`${place}?`, type.of);
    case 'tuple':
      console.log(`${place}: a tuple of ${type.of.length}`);
      return type.of.forEach((one, at) => print(`${place}.${at}`, one));
    case 'record':
      console.log(`${place}: a record of ${type.members.map((member) => member.name).join(', ')}`);
      return type.members.forEach((member) => print(`${place}.${member.name}`, member.type));
    case 'enum':
      return console.log(`${place}: an enum of ${type.names.join(', ')}`);
    case 'variant':
      console.log(`${place}: a variant of ${type.cases.map((one) => one.name).join(', ')}`);
      return type.cases.forEach((one) => one.type && print(`${place}.${one.name}`, one.type));
    default:
      return console.log(`${place}: ${type.kind}`);
  }
}
