/** A flow's document as the canvas sees it: what can be read of it, also while it has faults. */
export interface FlowStep { id: string; type: string; text: string; ways: { key: string; to: string }[]; offset: number }
export interface Place { x: number; y: number }

const wayKeys = ['next', 'otherwise', 'on_timeout', 'on_message', 'granted', 'refused', 'failed', 'none'] as const;

function isRecord(v: unknown): v is Record<string, unknown> {
  return typeof v === 'object' && v !== null && !Array.isArray(v);
}

function firstText(v: unknown, language: string): string {
  if (!isRecord(v)) return '';
  const wanted = v[language] ?? v['en'] ?? Object.values(v)[0];
  return typeof wanted === 'string' ? wanted : '';
}

/** The parsed document, or undefined while it is no JSON object. */
export function readDocument(document: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(document);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

export function languagesOf(document: string): string[] {
  const list = readDocument(document)?.['languages'];
  return Array.isArray(list) ? list.filter((l): l is string => typeof l === 'string') : [];
}

/** The steps with the ways between them, in the order of the document. */
export function stepsOf(document: string, language = 'en'): FlowStep[] {
  const steps = readDocument(document)?.['steps'];
  if (!Array.isArray(steps)) return [];
  const seen = new Set<string>();
  return steps.flatMap((s): FlowStep[] => {
    if (!isRecord(s) || typeof s['id'] !== 'string' || seen.has(s['id'])) return [];
    seen.add(s['id']);
    const ways: { key: string; to: string }[] = [];
    const add = (key: string, to: unknown) => { if (typeof to === 'string' && to !== '') ways.push({ key, to }); };
    const answer = s['answer'];
    if (isRecord(answer) && Array.isArray(answer['choices'])) for (const c of answer['choices']) if (isRecord(c)) add(firstText(c['title'], language) || 'choice', c['next']);
    if (Array.isArray(s['cases'])) s['cases'].forEach((c, i) => { if (isRecord(c)) add(`${i + 1}`, c['next']); });
    for (const key of wayKeys) add(key, s[key]);
    return [{ id: s['id'], type: typeof s['type'] === 'string' ? s['type'] : '', text: firstText(s['text'], language) || summary(s), ways, offset: document.search(new RegExp(`"id"\\s*:\\s*"${s['id'].replace(/[^\w-]/g, '')}"\\s*,\\s*"type"`)) }];
  });
}

function summary(s: Record<string, unknown>): string {
  for (const key of ['template', 'goal', 'team', 'do', 'for', 'url', 'purpose']) if (typeof s[key] === 'string') return s[key];
  if (Array.isArray(s['add'])) return s['add'].join(', ');
  return '';
}

/** Lays the steps out in rows: each below the first that leads to it. */
export function layOut(steps: FlowStep[], width = 250, height = 150): Map<string, Place> {
  const depth = new Map<string, number>();
  const known = new Map(steps.map((s) => [s.id, s]));
  const line = steps[0] ? [steps[0].id] : [];
  if (line[0]) depth.set(line[0], 0);
  for (let at = 0; at < line.length; at++) {
    const id = line[at] ?? '';
    for (const way of known.get(id)?.ways ?? []) if (known.has(way.to) && !depth.has(way.to)) { depth.set(way.to, (depth.get(id) ?? 0) + 1); line.push(way.to); }
  }
  const last = Math.max(0, ...depth.values());
  const columns = new Map<number, number>();
  const places = new Map<string, Place>();
  for (const id of [...line, ...steps.filter((s) => !depth.has(s.id)).map((s) => s.id)]) {
    const row = depth.get(id) ?? last + 1;
    const column = columns.get(row) ?? 0;
    columns.set(row, column + 1);
    places.set(id, { x: column * width, y: row * height });
  }
  return places;
}

/** The document with one step's way leading elsewhere; undefined where the step has no such plain way. */
export function connect(document: string, from: string, to: string): string | undefined {
  const parsed = readDocument(document);
  const steps = parsed?.['steps'];
  if (!parsed || !Array.isArray(steps)) return undefined;
  const step = steps.find((s) => isRecord(s) && s['id'] === from) as Record<string, unknown> | undefined;
  if (!step) return undefined;
  const key = step['type'] === 'condition' ? 'otherwise' : step['type'] === 'consent' ? 'granted' : step['type'] === 'end' || step['type'] === 'hand_over' ? undefined : 'next';
  if (!key) return undefined;
  step[key] = to;
  return `${JSON.stringify(parsed, null, 2)}\n`;
}

/** The document with a new step at its end, and the step's id. */
export function addStep(document: string, type: string): { document: string; id: string } | undefined {
  const parsed = readDocument(document);
  if (!parsed) return undefined;
  const steps = Array.isArray(parsed['steps']) ? parsed['steps'] : [];
  const taken = new Set(steps.map((s) => (isRecord(s) ? s['id'] : '')));
  let id = type;
  for (let n = 2; taken.has(id); n++) id = `${type}_${n}`;
  const text = Object.fromEntries(languagesOf(document).map((l) => [l, '…']));
  const end = steps.find((s) => isRecord(s) && s['type'] === 'end') as Record<string, unknown> | undefined;
  const next = typeof end?.['id'] === 'string' ? end['id'] : id;
  const fresh: Record<string, Record<string, unknown>> = {
    message: { text, next },
    question: { text, answer: { kind: 'text' }, next },
    condition: { cases: [{ if: { label: 'vip' }, next }], otherwise: next },
    labels: { add: ['new'], next },
    consent: { purpose: 'promotional', granted: next, refused: next },
    wait: { for: '24h', on_message: next, next },
    template: { template: 'hello', variables: [], next },
    goal: { goal: 'lead', next },
    hand_over: { team: 'sales', text },
    end: { text },
  };
  parsed['steps'] = [...steps, { id, type, ...fresh[type] }];
  return { document: `${JSON.stringify(parsed, null, 2)}\n`, id };
}

export const addable = ['message', 'question', 'condition', 'labels', 'consent', 'wait', 'template', 'goal', 'hand_over', 'end'] as const;

/** Where a line begins in a text. */
export function lineStart(text: string, line: number): number {
  let at = 0;
  for (let n = 1; n < line; n++) {
    const next = text.indexOf('\n', at);
    if (next < 0) return at;
    at = next + 1;
  }
  return at;
}
