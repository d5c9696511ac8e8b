// Weighs what a browser must load before a first screen can be used: the page's own scripts, the screen's
// and the largest language beside English, with the words that the screen alone needs, gzipped as the binary serves them. Fails above the limit.
//   node scripts/weight.mjs web/dist
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const limit = 350; // kB
const firstScreens = ['src/features/home/index.tsx', 'src/features/inbox/index.tsx', 'src/features/moderation/index.tsx'];

const dist = process.argv[2] ?? 'web/dist';
const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));
const faults = [];

/** The keys of a chunk and of everything it imports without being asked. */
function closure(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  const chunk = manifest[key];
  if (!chunk) throw new Error(`the build's manifest names no ${key}: was the screen moved?`);
  seen.add(key);
  for (const next of chunk.imports ?? []) closure(next, seen);
  return seen;
}

const size = (key) => (manifest[key].file.endsWith('.js') ? statSync(join(dist, `${manifest[key].file}.gz`)).size : 0);
const kB = (bytes) => Math.round(bytes / 100) / 10;
const weigh = (keys) => [...keys].reduce((sum, key) => sum + size(key), 0);

const entry = closure(Object.keys(manifest).find((key) => manifest[key].isEntry) ?? 'index.html');
const largest = (folder) => Math.max(...Object.keys(manifest).filter((key) => new RegExp(`i18n/${folder}/\\w+\\.json$`).test(key)).map(size));
const language = largest('locales');
if (!Number.isFinite(language)) faults.push('the languages are not chunks of their own: all of them would be loaded at once');
console.log(`page: ${kB(weigh(entry))} kB; largest language: ${kB(language)} kB`);
for (const screen of firstScreens) {
  const keys = new Set([...entry, ...closure(screen)]);
  const words = largest(screen.split('/').at(-2));
  if (!Number.isFinite(words)) faults.push(`the words of ${screen} are not chunks of their own`);
  const total = weigh(keys) + language + words;
  console.log(`${screen.split('/').at(-2)}: ${kB(total)} kB of ${limit}`);
  if (total > limit * 1000) faults.push(`${screen} needs ${kB(total)} kB before it can be used; load parts of it when they are opened`);
  const code = [...keys].filter((key) => manifest[key].file.endsWith('.js')).map((key) => readFileSync(join(dist, manifest[key].file), 'utf8')).join('\n');
  if (/react-flow__|recharts-wrapper/.test(code)) faults.push(`${screen} brings a canvas (xyflow) or charts (recharts) along; import them where they are opened`);
}
for (const fault of faults) console.error(fault);
process.exit(faults.length ? 1 : 0);
