// Measures moderation and writes the tables into docs/moderation.md, between its two markers.
// Own sentences set aside for measuring are always measured; the development parts of public sets and
// recorded answers of a language model where their folder is given.  usage: node scripts/eval.mjs [FOLDER]
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const seeds = 'moderation/seeds';
const target = 'docs/moderation.md';
const begin = '<!-- eval:begin -->';
const end = '<!-- eval:end -->';
const languages = ['en', 'it', 'fr', 'ro', 'es', 'de', 'pt'];
const data = process.argv[2] ?? '';
const work = mkdtempSync(join(tmpdir(), 'ponte-eval-'));

const write = (name, rows) => {
  const path = join(work, `${name}.tsv`);
  writeFileSync(path, `${['lang\tlabel\ttext', ...rows.map((r) => r.join('\t'))].join('\n')}\n`);
  return path;
};

/** Own sentences of one task whose part is "test": [language, label, text]; or every second one of each language, from the second on. */
function ownRows(task, half = false) {
  const rows = [];
  for (const lang of readdirSync(seeds).sort()) {
    const path = join(seeds, lang, `${task}.tsv`);
    if (!existsSync(path)) continue;
    let seen = 0;
    for (const line of readFileSync(path, 'utf8').split('\n').slice(1)) {
      const [label, part, text] = line.split('\t');
      if (part === 'test' && text !== undefined && (++seen % 2 === 0 || !half)) rows.push([lang, label, text]);
    }
  }
  return rows;
}

const group = ([lang, label, text]) => [lang, label === 'none' ? '0' : '1', text];
/** Somebody who may harm themselves is no violation; doubtful withdrawals may be read either way. */
const own = {
  harm: () => ownRows('harm').filter((r) => r[1] !== 'self_harm').map(group),
  spam: () => ownRows('spam').map(group),
  optout: () => ownRows('optout').filter((r) => r[1] !== 'doubtful'),
};
const ownTest = (task) => write(task, (own[task] ?? (() => ownRows(task)))());

/** Own sentences whose writer had seen none of those trained on: [language, label, text]. */
const blindFile = (name) => `moderation/testdata/blind/${name}.tsv`;
const blind = (name) => readRows(blindFile(name)).map((r) => [r.lang, r.label, r.text]);

/** A mix of both groups with harmless talk: the half of our own sentences on which it was not chosen where asking begins. */
function mixRows() {
  const bad = ['harm', 'spam'].flatMap((t) => ownRows(t, true)).filter((r) => r[1] !== 'self_harm').map(group);
  return [...bad, ...['intent', 'sentiment', 'optout'].flatMap((t) => ownRows(t, true)).map(([lang, , text]) => [lang, '0', text])];
}

/** What customers write and nobody should hide: all tasks, look-alikes among them. */
const harmless = () => [...['intent', 'sentiment', 'optout'].flatMap((t) => ownRows(t)), ...['harm', 'spam'].flatMap((t) => ownRows(t).filter((r) => r[1] === 'none'))].map(([lang, , text]) => [lang, '0', text]);

/** Development parts of the public sets of one family. */
function publicSets(family) {
  if (data === '') return [];
  return readdirSync(data).sort().filter((set) => {
    const card = join(data, set, 'README.md');
    return existsSync(card) && new RegExp(`^- family: ${family}$`, 'm').test(readFileSync(card, 'utf8'));
  }).flatMap((set) => ['dev.tsv', 'dev.tsv.gz'].map((name) => ({ set, path: join(data, set, name) })).filter(({ path }) => existsSync(path)));
}

const readRows = (path) => {
  const [head, ...lines] = (path.endsWith('.gz') ? gunzipSync(readFileSync(path)) : readFileSync(path)).toString().trimEnd().split('\n');
  const names = head.split('\t');
  return lines.map((l) => Object.fromEntries(l.split('\t').map((v, i) => [names[i], v])));
};

const measure = (task, paths, ...more) => JSON.parse(execFileSync('bin/ponte', ['eval', '--task', task, '--json', ...more, ...[paths].flat()], { maxBuffer: 1 << 28 }));
const figure = (x) => (x === undefined || x === null ? '–' : x.toFixed(3));
const range = (r) => (r ? ` [${figure(r[0])}, ${figure(r[1])}]` : '');
const percent = (x) => `${(100 * x).toFixed(2)} %`;
const hid = (m) => m.recall > 0 || m.false_hides > 0;
const hides = (set, lang, m) => `| ${set} | ${lang} | ${m.n} | ${figure(m.auc)}${range(m.auc_95)} | ${hid(m) ? figure(m.precision) + range(m.precision_95) : '–'} | ${figure(m.recall)}${range(m.recall_95)} | ${percent(m.false_hides)} |`;
const hits = (task, lang, m) => `| ${task} | ${lang} | ${m.n} | ${m.accuracy.toFixed(3)}${range(m.accuracy_95)} | ${m.macro_f1.toFixed(3)} |`;

function hideTable(task, family) {
  const lines = [`### ${task === 'harm' ? 'Harm' : 'Spam'}`, '', '| set | language | n | AUC [95 %] | precision of a hide [95 %] | recall of a hide [95 %] | harmless hidden |', '| --- | --- | ---: | --- | --- | --- | ---: |'];
  const r = measure(task, ownTest(task));
  for (const m of r.languages ?? []) lines.push(hides('own, set aside', m.name, m));
  lines.push(hides('own, set aside', 'all', r.overall));
  for (const { set, path } of publicSets(family)) {
    const p = measure(task, path);
    for (const m of p.languages?.length ? p.languages : [p.overall]) lines.push(hides(set, m.name, m));
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
  const lines = ['### Withdrawals', '', 'Clear withdrawals against talk that looks like one; doubtful sentences are left out.', '', '| language | n | recognised [95 %] | look-alikes taken for one |', '| --- | ---: | --- | ---: |'];
  const r = measure('optout', ownTest('optout'));
  for (const m of [...(r.languages ?? []), { ...r.overall, name: 'all' }]) lines.push(`| ${m.name} | ${m.n} | ${figure(m.recall)}${range(m.recall_95)} | ${percent(m.false_hides)} |`);
  return lines;
}

/** The aims, each with set, n and interval. */
function summary() {
  const rows = ['### At a glance', '', '| what | set | n | figure [95 %] | aimed at |', '| --- | --- | ---: | --- | --- |'];
  const row = (what, set, n, value, aim) => rows.push(`| ${what} | ${set} | ${n} | ${value} | ${aim} |`);
  const auc = { ro: 0.93, en: 0.84, pt: 0.8, fr: 0.76, de: 0.73, it: 0.65, es: 0.7 };
  const hide = { ro: 0.6, en: 0.6, fr: 0.25, pt: 0.15, it: 0.1, es: 0.1, de: 0.03 };
  const toxic = publicSets('toxic').map((s) => s.path);
  if (toxic.length > 0) {
    const r = measure('harm', toxic);
    for (const l of Object.keys(auc)) {
      const m = r.languages.find((x) => x.name === l);
      row(`harm, AUC, ${l}`, 'public sets, pooled', m.n, figure(m.auc) + range(m.auc_95), `≥ ${auc[l]}`);
      row(`harm, precision of a hide, ${l}`, 'public sets, pooled', m.n, `${hid(m) ? figure(m.precision) + range(m.precision_95) : '–'} with recall ${figure(m.recall)}${range(m.recall_95)}`, `≥ 0.9 with ${hide[l]}`);
    }
  }
  const calm = harmless();
  const kept = measure('harm', write('harmless', calm));
  const spared = measure('spam', write('harmless', calm));
  row('harmless talk hidden, look-alikes among it', 'own, set aside', kept.n, percent(kept.overall.false_hides + spared.overall.false_hides), '≤ 1 %');
  const spam = measure('spam', ownTest('spam'));
  row('spam, AUC', 'own, set aside', spam.n, figure(spam.overall.auc) + range(spam.overall.auc_95), '≥ 0.9');
  row('spam, precision of a hide', 'own, set aside', spam.n, `${figure(spam.overall.precision)}${range(spam.overall.precision_95)} with recall ${figure(spam.overall.recall)}${range(spam.overall.recall_95)}`, '≥ 0.95 with 0.5');
  const unseen = ['youtube-gambling-id', 'instagram-spam-id'].flatMap((s) => publicSets('spam').filter((p) => p.set === s));
  for (const { set, path } of unseen) {
    const m = measure('spam', path).overall;
    row('spam in a language never trained on, recall at 2 % false alarms', set, m.n, figure(m.recall_at_2) + range(m.recall_at_2_95), '≥ 0.4');
  }
  const intents = measure('intent', ownTest('intent'));
  for (const m of intents.languages) row(`intents, ${m.name}`, 'own, set aside', m.n, figure(m.accuracy) + range(m.accuracy_95), '≥ 0.8');
  const out = measure('optout', ownTest('optout')).overall;
  row('clear withdrawals recognised', 'own, set aside', out.positives, figure(out.recall) + range(out.recall_95), '≥ 0.99');
  const talk = measure('optout', write('talk', ownRows('intent').filter((r) => r[1] !== 'opt_out').map(([l, , t]) => [l, 'none', t])));
  row('ordinary talk taken for a withdrawal', 'own, set aside', talk.n, percent(talk.overall.false_hides), '≤ 0.5 %');
  const person = intents.labels.find((m) => m.name === 'human_agent');
  row('asks for a person heard', 'own, set aside', person.n, figure(person.recall) + range(person.recall_95), '≥ 0.95');
  summaryOfPublic(row);
  blindRows(row);
  const mix = measure('harm', write('mix', mixRows()), '--mix', '0.04');
  const m = mix.mix;
  row('of a mix with 4 % harm and spam: share put to a language model by default; violations that pass unasked', 'own, set aside, half', m.n, `${percent(m.asked)}; ${percent(m.lost)}`, '');
  row('the same with `pass_unasked` 0.02, where asking begins chosen on the other half: share put to it', 'own, set aside, half', m.n, `${percent(m.asked_at_2)} [${percent(m.asked_at_2_95[0])}, ${percent(m.asked_at_2_95[1])}]`, '≤ 25 %');
  row('violations that pass unasked then', 'own, set aside, half', m.violations, `${percent(m.lost_at_2)} [${percent(m.lost_at_2_95[0])}, ${percent(m.lost_at_2_95[1])}]`, '≤ 2 %');
  const quickest = Math.min(mix.micros_per_1000, ...[1, 2, 3].map(() => measure('harm', write('mix', mixRows())).micros_per_1000)); // what else runs on the machine takes its share
  row('time for a text, one core, rules and model', 'own, set aside', mix.n, `${Math.round(quickest / 1000)} µs`, '≤ 200 µs');
  row('size in the binary', '', '', `${(statSync('moderation/artefact/model.bin.gz').size / 1e6).toFixed(1)} MB`, '≤ 4 MB');
  return rows;
}

/** The same on sentences whose writer had seen none of the others. */
function blindRows(row) {
  const set = 'own, blind';
  const out = measure('optout', blindFile('optout')).overall;
  row('clear withdrawals recognised', set, out.positives, figure(out.recall) + range(out.recall_95), '≥ 0.99');
  row('look-alikes taken for a withdrawal', set, out.n - out.positives, percent(out.false_hides), '');
  const said = blind('intent');
  const talk = measure('optout', write('blind-talk', [...said.filter((r) => r[1] !== 'opt_out'), ...blind('talk')].map(([l, , t]) => [l, 'none', t])));
  row('ordinary talk taken for a withdrawal', set, talk.n, percent(talk.overall.false_hides), '≤ 0.5 %');
  const person = measure('intent', write('blind-human', blind('human').map(([l, label, t]) => [l, label === 'ask' ? 'human_agent' : 'other', t]))).labels.find((x) => x.name === 'human_agent');
  row('asks for a person heard', set, person.n, `${figure(person.recall)}${range(person.recall_95)} at a precision of ${figure(person.precision)} among as many that only sound like it`, '≥ 0.95');
  for (const x of measure('intent', blindFile('intent')).languages) row(`intents, ${x.name}`, set, x.n, figure(x.accuracy) + range(x.accuracy_95), '≥ 0.8');
  for (const [name, what, aim] of [['harmless', 'harmless talk hidden', '≤ 1 %'], ['groups', 'neutral or praising mention of a group hidden', '≤ 5 %'], ['public', 'harmless public comments hidden, sharp ones among them', '≤ 1 %']]) {
    const [harm, spam] = ['harm', 'spam'].map((task) => measure(task, blindFile(name)).overall);
    row(what, set, harm.n, percent(harm.false_hides + spam.false_hides), aim);
  }
  const spam = measure('spam', blindFile('spam')).overall;
  row('spam, AUC', set, spam.n, figure(spam.auc) + range(spam.auc_95), '≥ 0.9');
  row('spam, precision of a hide', set, spam.n, `${figure(spam.precision)}${range(spam.precision_95)} with recall ${figure(spam.recall)}${range(spam.recall_95)}`, '≥ 0.95 with 0.5');
}

/** Language on public texts and recorded answers: only where the folder is given. */
function summaryOfPublic(row) {
  const texts = [...publicSets('toxic'), ...publicSets('sentiment')].flatMap(({ path }) => readRows(path)).filter((r, i) => i % 4 === 0 && languages.includes(r.lang));
  if (texts.length > 0) {
    const full = measure('language', write('full', texts.map((r) => [r.lang, r.lang, r.text]))).overall;
    row('language, full text', 'public sets', full.n, figure(full.accuracy) + range(full.accuracy_95), '≥ 0.98');
    const three = texts.map((r, i) => [r.lang, r.text.split(/\s+/).filter((w) => !/^(@|http|#|user$|url$|link$|rt$)/i.test(w)), i]).filter(([, w]) => w.length > 5)
      .map(([l, w, i]) => [l, l, w.slice(i % (w.length - 3), i % (w.length - 3) + 3).join(' ')]);
    const short = measure('language', write('three', three)).overall;
    row('language, three words', 'public sets', short.n, figure(short.accuracy) + range(short.accuracy_95), '≥ 0.9');
  }
  const llm = join(data, 'recorded-llm');
  if (data === '' || !existsSync(llm)) return;
  for (const [set, column] of [['hateday-fr', 'gpt-4o-mini-detailed-hateday'], ['jigsaw-enfr', 'gpt-4o-mini-detailed-jigsaw-en']]) {
    const c = measure('harm', join(llm, `${set}.texts.tsv`), '--tiers', 'rules,model,llm', '--answers', join(llm, `${set}.answers.tsv`), '--column', column).cascade;
    for (const p of c.points.filter((x) => x.calls === 0.6 || x.calls === 0.4)) {
      row(`cascade with recorded answers (GPT-4o mini, ${figure(c.llm_accuracy)} alone): accuracy lost at ${Math.round(100 * p.calls)} % of its calls`, set, c.n, figure(p.lost) + range(p.lost_95), p.calls === 0.6 ? '≤ 0.03' : '≤ 0.02');
    }
  }
}

try {
  const version = JSON.parse(execFileSync('bin/ponte', ['model', '--json'], { maxBuffer: 1 << 28 })).version ?? 'unknown';
  const text = [`Model ${version}; \`make eval\`${data === '' ? ' without public sets' : ' with the development parts of public sets'}. Rules and model, default policy, no language model but where said.`, '',
    ...summary(), '', ...hideTable('harm', 'toxic'), '', ...hideTable('spam', 'spam'), '', ...hitTable(), '', ...optOutTable()].join('\n');
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
