import type { Trigger, TriggerInput } from '@/api/types';
import { always, fromCron, fromWall, toCron, toWall, type Schedule } from './schedule';

/** The languages that the product serves customers in. */
export const served = ['en', 'it', 'fr', 'ro', 'es', 'de', 'pt'] as const;
/** Words that count in every language stand under this name; the API calls it "". */
export const anyLanguage = 'any';

export interface PerLanguage { words: string[]; not: string[]; replies: string; private: string }

/** The form as people fill it: everything of one language together. */
export interface Draft {
  name: string;
  priority: number;
  sources: string[];
  intents: string[];
  account_ids: number[];
  post_ids: number[];
  starts_at: string;
  ends_at: string;
  handoff_account_id: number | null;
  valid_minutes: number;
  hashtags: string[];
  schedule: Schedule;
  once: 'post' | 'trigger' | 'period';
  delay_seconds: number;
  jitter_seconds: number;
  per_hour: number;
  per_day: number;
  campaign_id: number | null;
  /** The workspace's time zone: what stands in the fields of time is its clock. */
  zone: string;
  by: Record<string, PerLanguage>;
  /** The one that was opened; 0: a new one. */
  revision: number;
}

export const emptyLanguage: PerLanguage = { words: [], not: [], replies: '', private: '' };

export const sources = ['comment', 'reply', 'ad_comment', 'live_comment', 'mention', 'story_reply', 'message'] as const;
const publicSources = ['comment', 'reply', 'ad_comment', 'live_comment', 'mention'];

export function newDraft(language: string, zone: string): Draft {
  return { revision: 0, name: '', priority: 0, sources: publicSources, hashtags: [], schedule: always, once: 'post', delay_seconds: 0, jitter_seconds: 0, per_hour: 0, per_day: 0, campaign_id: null, zone, intents: [], account_ids: [], post_ids: [], starts_at: '', ends_at: '', handoff_account_id: null, valid_minutes: 1440, by: { [language]: emptyLanguage } };
}

export function toDraft(trigger: Trigger, zone: string): Draft {
  const by: Draft['by'] = {};
  const at = (language: string): PerLanguage => (by[language || anyLanguage] ??= { ...emptyLanguage });
  for (const k of trigger.keywords ?? []) {
    const target = at(k.language);
    target.words = [...new Set([...target.words, ...(k.words ?? []), ...(k.phrases ?? [])])];
    target.not = [...new Set([...target.not, ...(k.not ?? [])])];
  }
  for (const [language, replies] of Object.entries(trigger.public_replies ?? {})) {
    at(language).replies = (replies ?? []).join('\n');
  }
  for (const [language, text] of Object.entries(trigger.private_reply ?? {})) {
    at(language).private = text;
  }
  if (Object.keys(by).length === 0) by['en'] = emptyLanguage;
  const { name, priority, handoff_account_id, valid_minutes } = trigger;
  return { revision: trigger.revision, name, priority, handoff_account_id, valid_minutes, by, zone, hashtags: trigger.hashtags ?? [], schedule: fromCron(trigger.recurrence ?? '', trigger.duration_minutes ?? 0), once: trigger.once || 'post',
    delay_seconds: trigger.delay_seconds ?? 0, jitter_seconds: trigger.jitter_seconds ?? 0, per_hour: trigger.per_hour ?? 0, per_day: trigger.per_day ?? 0, campaign_id: trigger.campaign_id ?? null,
    sources: trigger.sources ?? [], intents: trigger.intents ?? [], account_ids: trigger.account_ids ?? [], post_ids: trigger.post_ids ?? [], starts_at: toWall(trigger.starts_at, zone), ends_at: toWall(trigger.ends_at, zone) };
}

/** What the API wants; several words in a row are a phrase, and a reply stands on each line. */
export function toInput(draft: Draft): TriggerInput {
  const languages = Object.entries(draft.by);
  const spoken = languages.filter(([language]) => language !== anyLanguage);
  const { priority, sources, intents, account_ids, post_ids, handoff_account_id, valid_minutes, hashtags, once, delay_seconds, jitter_seconds, per_hour, per_day, campaign_id } = draft;
  const recurrence = toCron(draft.schedule);
  return {
    priority,
    sources,
    intents,
    account_ids,
    post_ids,
    handoff_account_id,
    valid_minutes,
    hashtags,
    once,
    delay_seconds,
    jitter_seconds,
    per_hour,
    per_day,
    campaign_id,
    recurrence,
    duration_minutes: recurrence ? draft.schedule.minutes : 0,
    name: draft.name.trim(),
    starts_at: fromWall(draft.starts_at, draft.zone),
    ends_at: fromWall(draft.ends_at, draft.zone),
    keywords: languages.filter(([, l]) => l.words.length + l.not.length > 0).map(([language, l]) => ({ language: language === anyLanguage ? '' : language, words: l.words.filter((w) => !/\s/.test(w)), phrases: l.words.filter((w) => /\s/.test(w)), not: l.not })),
    public_replies: Object.fromEntries(spoken.map(([language, l]) => [language, splitReplies(l.replies)] as const).filter(([, r]) => r.length > 0)),
    private_reply: Object.fromEntries(spoken.map(([language, l]) => [language, l.private.trim()] as const).filter(([, text]) => text)),
  };
}

/** The languages of a draft in a steady order: any, the served ones, then the rest. */
export function languagesOf(draft: Draft): string[] {
  const rank = (l: string) => (l === anyLanguage ? -1 : served.indexOf(l as (typeof served)[number]) + 1 || 99);
  return Object.keys(draft.by).sort((a, b) => rank(a) - rank(b));
}

export function splitReplies(text: string): string[] {
  return text.split('\n').map((line) => line.trim()).filter(Boolean);
}

export type Fault = 'name' | 'words' | 'replies' | 'period' | 'link' | 'account' | 'sources' | 'delay';

/** The step of the wizard in which a fault is mended. */
export const stepOf: Record<Fault, number> = { sources: 0, words: 1, replies: 2, link: 2, account: 2, period: 3, delay: 3, name: 4 };

/** Mentions and answers to stories often say nothing: a trigger that listens to them alone needs no words. */
export function wordless(sources: string[]): boolean {
  return sources.length > 0 && sources.every((s) => s === 'mention' || s === 'story_reply');
}

/** What is still missing before it can be saved; the server checks again. */
export function faults(draft: Draft): Fault[] {
  const input = toInput(draft);
  const out: Fault[] = [];
  if (!input.name) out.push('name');
  if (input.sources.length === 0) out.push('sources');
  if (!input.keywords.some((k) => k.words.length + k.phrases.length > 0) && input.intents.length === 0 && !wordless(input.sources)) out.push('words');
  if (Object.keys(input.public_replies).length === 0 && Object.keys(input.private_reply).length === 0) out.push('replies');
  if (input.starts_at && input.ends_at && input.ends_at <= input.starts_at) out.push('period');
  if (draft.delay_seconds + draft.jitter_seconds >= draft.valid_minutes * 60) out.push('delay');
  const withLink = Object.values(input.private_reply).some((text) => text.includes('{{link}}'));
  if (input.handoff_account_id !== null && !withLink) out.push('link');
  if (input.handoff_account_id === null && withLink) out.push('account');
  return out;
}

