import type { Campaign, DryRun, DryRunResult, Funnel, TriggerWindow, WordCheck } from '../src/api/types';

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

/** What the screens of campaigns are drawn with. */
export const funnel: Funnel = { matched: 128, public_reply: 126, private_reply: 121, invited: 121, started: 59, qualified: 41, opted_in: 33, goal: 12, goal_value_micros: 1_080_000_000, goal_currency: 'AUD', refused: 3 };
export const noFunnel: Funnel = { matched: 0, public_reply: 0, private_reply: 0, invited: 0, started: 0, qualified: 0, opted_in: 0, goal: 0, goal_value_micros: 0, goal_currency: '', refused: 0 };

export const campaigns: Campaign[] = [
  { revision: 1, id: 1, name: 'Spring on the water', state: 'live', starts_at: ago(8000), ends_at: ago(-40000), budget_micros: 250_000_000, budget_currency: 'AUD', goal: 'booking', trigger_ids: [1], templates: [{ account_id: 3, name: 'booking_reminder' }], created_at: ago(9000), updated_at: ago(100), funnel },
  { revision: 1, id: 2, name: 'A very long name for a campaign about the second Saturday of every month and what comes after it', state: 'draft', starts_at: null, ends_at: null, budget_micros: null, budget_currency: '', goal: '', trigger_ids: [], templates: [], created_at: ago(50), updated_at: ago(50), funnel: noFunnel },
];

export const dryRun: DryRun = { id: 7, trigger_id: null, since: ago(43_200), until: ago(0), any_time: false, state: 'done', reason: '', reason_parts: [], total: 412, worked: 412, counts: { answered: 38, no_word: 341, once: 12, not_allowed: 21 }, created_at: ago(0), finished_at: ago(0) };

export const dryRunResults: DryRunResult[] = [
  { n: 4, subject: 'comment', subject_id: 101, code: 'answered', reason: '«Sunrise» matched (word «sunrise»)', reason_parts: [], text: 'SUNRISE per favore!', author: 'giuli.fer', language: 'it', harm: 0, post_id: 1, at: ago(1500), would: { public: 'Just sent you the dates!', variant: 1, language: 'en', private: 'Hi! Dates and places are a tap away: {{link}}', private_language: 'en', leaves_at: ago(1499), window_start: ago(1520), window_end: ago(1400) } },
  { n: 9, subject: 'comment', subject_id: 102, code: 'answered', reason: '«Sunrise» matched (word «dates»)', reason_parts: [], text: 'Any dates in December?', author: 'marco', language: 'en', harm: 0, post_id: 1, at: ago(1300), would: { public: 'Look in your messages 🌅', variant: 2, language: 'en', leaves_at: ago(1299) } },
  { n: 12, subject: 'comment', subject_id: 107, code: 'answered', reason: '«Sunrise» matched (word «sunrise»)', reason_parts: [], text: 'Your sunrise is a joke and so is your kind.', author: 'Troll Bridge', language: 'en', harm: 0.94, post_id: 1, at: ago(1200), would: { public: 'Look in your messages 🌅', variant: 2, language: 'en', leaves_at: ago(1199) } },
];

export const windows: TriggerWindow[] = Array.from({ length: 5 }, (_, i) => ({ local_start: '2026-11-27T18:00', starts_at: ago(-10_080 * (i + 1)), ends_at: ago(-10_080 * (i + 1) - 120), state: 'planned', reason: '', reason_parts: [] }));

export const wordCheck: WordCheck = {
  looked: 200, matched: 2,
  items: [
    { comment_id: 101, text: 'SUNRISE per favore!', author: 'giuli.fer', at: ago(60), language: 'it', harm: 0, matched: true, why: 'word «sunrise»', why_parts: [] },
    { comment_id: 102, text: 'Any dates in December?', author: 'marco', at: ago(90), language: 'en', harm: 0, matched: true, why: 'word «dates»', why_parts: [] },
    { comment_id: 107, text: 'Go back where you came from, nobody wants your kind on our beach.', author: 'Troll Bridge', at: ago(104), language: 'en', harm: 0.94, matched: false, why: 'none of its words or intents', why_parts: [] },
    { comment_id: 103, text: 'מתי ההפלגה הבאה?', author: 'noa', at: ago(120), language: 'other', harm: 0, matched: false, why: 'none of its words or intents', why_parts: [] },
  ],
};
