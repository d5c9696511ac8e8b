import type { Backtest, BacktestChange, Disagreement, Hold, RuleDetail, Statistics, Version, VersionDetail } from '../src/api/types';

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

/** What the screens of policies, rules and review work are drawn with. */
export const statistics: Statistics = {
  rules: [
    { name: 'sells_followers', version: 'r1', fired: 41, removed: 38, decided: 12, overturned: 1, restored: 1 },
    { name: 'links_out_of_the_brand_with_a_rather_long_name', version: 'r1', fired: 9, removed: 9, decided: 6, overturned: 4, restored: 4 },
  ],
  tiers: [{ name: 'model', version: 'm1-2c9e', fired: 380, removed: 6, decided: 4, overturned: 1, restored: 1 }, { name: 'rules', version: 'r1', fired: 50, removed: 47, decided: 18, overturned: 5, restored: 5 }],
  samples: [],
};

export const holds: Hold[] = [{ id: 70, comment_id: 109, text: 'Boycott this brand!! 😡', harm: 0, outcome: 'hide', reason: 'not about us', by: 'Nora Weld', batch: 5, decided_at: ago(30), until: ago(-1400), comments: 212, left: 96 }];

export const disagreements: Disagreement[] = [
  { id: 9, comment_id: 107, text: 'This price is killing me 😂', harm: 0, language: 'en', first: 'hide', first_by: 'model', reason: 'the model is sure it is harmful (0.92, hides from 0.9)', reason_parts: [], rule: '', version: 'm1-2c9e', second: 'allow', second_by: 'Nora Weld', second_why: 'a person allowed it', second_why_parts: [], settled: '', at: ago(55) },
  { id: 8, comment_id: 103, text: 'Franchement déçu, la planche avait une fissure.', harm: 0, language: 'fr', first: 'allow', first_by: 'rules', reason: 'nothing found', reason_parts: [], rule: 'links', version: 'r1', second: 'hide', second_by: 'Sam', second_why: 'a person hid it: names an employee', second_why_parts: [], settled: 'hide', at: ago(300) },
];

const rule = (name: string, text: string, category: string, decision: RuleDetail['decision'], extra: Partial<RuleDetail>, condition: object): RuleDetail => ({
  id: 0, name, text, category, decision, off: false, shipped: true, replaces: false, updated_by: '', updated_at: ago(0), document: { name, text, category, decision, ...condition }, ...extra,
});

export const rules: RuleDetail[] = [
  rule('no_resellers', 'offers our boats second hand', 'self_promotion', 'review', { id: 4, shipped: false, updated_by: 'user:1' }, { words: ['second hand kayak', 'kayak usato'], links: 1, author: { comments: 3 } }),
  rule('sells_followers', 'sells followers or likes', 'spam', 'hide', {}, { words: ['followers', 'likes'], links: 1 }),
  rule('links_out_of_the_brand_with_a_rather_long_name', 'leads to a shop that is not ours', 'spam', 'hide', { off: true, id: 5, shipped: false, replaces: true }, { other_domains: ['bondi.example'] }),
];

export const backtest: Backtest = {
  id: 11, version_id: 3, state: 'done', reason: '', reason_parts: [], since: ago(43_200), until: ago(0), total: 4120, worked: 4120, created_by: 'user:1', created_at: ago(2), finished_at: ago(1),
  counts: { items: 4120, erased: 3, changed: 19, hides: 212, restored: 9, confirmed: 40, missed: 2, spam: 0, needs_llm: 31, unanswered: 12, pairs: [], rules: [{ rule: 'no_resellers', fired: 24, hides: 18, restored: 2 }] },
};

export const changes: BacktestChange[] = [{ verdict_id: 1, subject: 'comment', subject_id: 101, was: 'review', now: 'hide', person: 'allow' }, { verdict_id: 2, subject: 'message', subject_id: 7, was: 'allow', now: 'spam', person: '' }];

const version = (id: number, kind: Version['kind'], state: Version['state'], extra: Partial<Version> = {}): Version => ({ id, kind, name: '', version: `a1b2c3d4e5f${id}`, note: '', state, override: '', created_by: 'user:1', created_by_parts: [], why_parts: [], created_at: ago(4000), shadow_from: null, state_at: ago(300), ...extra });

export const versions: Version[] = [
  version(4, 'prompt', 'live', { version: 'moderate.v2', override: 'it is what the settings or a new program judge by' }),
  version(3, 'rule', 'shadow', { name: 'no_resellers', shadow_from: ago(2000), note: 'too many second-hand offers' }),
  version(2, 'policy', 'live', { override: 'we must be quick today, the storm is on' }),
  version(1, 'policy', 'retired'),
];

export const versionDetail = (v: Version): VersionDetail => ({
  ...v,
  document: v.kind === 'rule' ? { name: 'no_resellers', text: 'offers our boats second hand', category: 'self_promotion', decision: 'hide', words: ['second hand kayak', 'kayak usato', 'kayak d’occasion'] } : v.kind === 'prompt' ? { prompt: v.version } : { hide_harm: true, hide_spam: v.id === 2, review_harm: 0.5 },
  shadow: v.state === 'shadow' ? { items: 180, same: 174, agreement: 0.967, kappa: 0.81, failed: 0, decided: 22, right: 20, live_right: 19, pairs: [] } : { items: 0, same: 0, agreement: null, kappa: null, failed: 0, decided: 0, right: 0, live_right: 0, pairs: [] },
  ready: false, missing: '180 texts were judged in shadow, it takes 200', backtests: v.kind === 'rule' ? [backtest] : [],
});
