// Measures moderation and writes the tables into docs/moderation.md, between its two markers.
// Own sentences set aside for measuring are always measured; the development parts of public sets where
// their folder is given.  usage: node scripts/eval.mjs [FOLDER]
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const seeds = 'moderation/seeds';
const target = 'docs/moderation.md';
const begin = '<!-- eval:begin -->';
const end = '<!-- eval:end -->';
const data = process.argv[2] ?? '';
const work = mkdtempSync(join(tmpdir(), 'ponte-eval-'));

/** Own sentences of one task whose part is "test", as one file with languages. */
function ownTest(task) {
  const rows = ['lang\tlabel\ttext'];
  for (const lang of readdirSync(seeds).sort()) {
    const path = join(seeds, lang, `${task}.tsv`);
    if (!existsSync(path)) continue;
    for (const line of readFileSync(path, 'utf8').split('\n').slice(1)) {
      const [label, part, text] = line.split('\t');
      if (part !== 'test' || text === undefined) continue;
      if (label === 'doubtful') continue; // either answer is right
      const gold = task === 'harm' || task === 'spam' ? (label === 'none' ? '0' : '1') : label;
      rows.push(`${lang}\t${gold}\t${text}`);
    }
  }
  const path = join(work, `${task}.tsv`);
  writeFileSync(path, `${rows.join('\n')}\n`);
  return path;
}

/** Development parts of the public sets of one family. */
function publicSets(family) {
  if (data === '') return [];
  return readdirSync(data).sort().filter((set) => {
    const card = join(data, set, 'README.md');
    return existsSync(card) && new RegExp(`^- family: ${family}$`, 'm').test(readFileSync(card, 'utf8'));
  }).flatMap((set) => ['dev.tsv', 'dev.tsv.gz'].map((name) => ({ set, path: join(data, set, name) })).filter(({ path }) => existsSync(path)));
}

const measure = (task, path) => JSON.parse(execFileSync('bin/ponte', ['eval', '--task', task, '--json', path], { maxBuffer: 1 << 28 }));
const figure = (x) => (x === undefined || x === null ? '–' : x.toFixed(3));
const range = (r) => (r ? ` [${figure(r[0])}, ${figure(r[1])}]` : '');
const hides = (set, lang, m) => `| ${set} | ${lang} | ${m.n} | ${figure(m.auc)}${range(m.auc_95)} | ${m.recall === 0 && m.false_hides === 0 ? '–' : m.precision.toFixed(3)} | ${m.recall.toFixed(3)} | ${(100 * m.false_hides).toFixed(2)} % |`;
const hits = (task, lang, m) => `| ${task} | ${lang} | ${m.n} | ${m.accuracy.toFixed(3)}${range(m.accuracy_95)} | ${m.macro_f1.toFixed(3)} |`;

function hideTable(task, family) {
  const lines = [`### ${task === 'harm' ? 'Harm' : 'Spam'}`, '', '| set | language | n | AUC [95 %] | precision of a hide | recall of a hide | harmless hidden |', '| --- | --- | ---: | --- | ---: | ---: | ---: |'];
  const own = measure(task, ownTest(task));
  for (const m of own.languages ?? []) lines.push(hides('own, set aside', m.name, m));
  lines.push(hides('own, set aside', 'all', own.overall));
  for (const { set, path } of publicSets(family)) {
    const r = measure(task, path);
    for (const m of r.languages?.length ? r.languages : [r.overall]) lines.push(hides(set, m.name, m));
  }
  return lines;
}

function hitTable() {
  const lines = ['### Intent, language, sentiment', '', '| task | language | n | accuracy [95 %] | macro-F1 |', '| --- | --- | ---: | --- | ---: |'];
  for (const task of ['intent', 'language', 'sentiment']) {
    const r = measure(task, ownTest(task));
    if (task !== 'language') for (const m of r.languages ?? []) lines.push(hits(task, m.name, m));
    lines.push(hits(task, 'all', r.overall));
  }
  return lines;
}

function optOutTable() {
  const lines = ['### Withdrawals', '', 'Clear withdrawals against ordinary talk that looks like one; doubtful sentences are left out.', '', '| language | n | recognised | of ordinary talk taken for one |', '| --- | ---: | ---: | ---: |'];
  const r = measure('optout', ownTest('optout'));
  for (const m of [...(r.languages ?? []), { ...r.overall, name: 'all' }]) lines.push(`| ${m.name} | ${m.n} | ${m.recall.toFixed(3)} | ${(100 * m.false_hides).toFixed(2)} % |`);
  return lines;
}

try {
  const model = execFileSync('bin/ponte', ['model', '--json'], { maxBuffer: 1 << 28 });
  const card = JSON.parse(model);
  const version = card.version ?? card.Version ?? 'unknown';
  const text = [`Model ${version}; \`make eval\`${data === '' ? ' without public sets' : ' with the development parts of public sets'}. Rules and model, default policy, no language model.`, '',
    ...hideTable('harm', 'toxic'), '', ...hideTable('spam', 'spam'), '', ...hitTable(), '', ...optOutTable()].join('\n');
  const doc = readFileSync(target, 'utf8');
  const from = doc.indexOf(begin);
  const to = doc.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${target} lacks its markers ${begin} and ${end}`);
  writeFileSync(target, `${doc.slice(0, from + begin.length)}\n${text}\n${doc.slice(to)}`);
  process.stdout.write(`${text}\n`);
  if (data === '') process.stderr.write('\nNo folder with public sets was given: their figures are missing above. Give it as DATA=folder.\n');
} finally {
  rmSync(work, { recursive: true, force: true });
}
