import type { TFunction } from 'i18next';
import type { TimelineEntry } from '@/api/types';
import { codeText } from '@/i18n';
import { dateTime, quoted } from './format';
import { channelNames, type Tone } from './parts';
import { reasonText } from './reason';
import { stepText } from './step-text';

export interface Day { key: string; at: string; entries: TimelineEntry[] }

/** The days of a time line, as the reader's clock parts them. */
export function byDay(list: readonly TimelineEntry[]): Day[] {
  const out: Day[] = [];
  for (const e of list) {
    const key = new Date(e.at).toDateString();
    const last = out.at(-1);
    if (last?.key === key) last.entries.push(e);
    else out.push({ key, at: e.at, entries: [e] });
  }
  return out;
}

/** What an entry is called. */
export function titleOf(e: TimelineEntry, t: TFunction, language: string): string {
  switch (e.kind) {
    case 'step': return stepText(t, language, { what: e.what, by: e.name, name: e.to, team: e.team, detail: e.detail });
    case 'consent': return codeText('journey', `consent_${e.what}`);
    case 'invited': case 'arrived': case 'joined': case 'opened': case 'resolved': return codeText('journey', e.kind);
    default: return t(`timeline.kind.${e.kind}`);
  }
}

interface Standing { text: string; tone: Tone; why?: string }

const ways: Record<string, { key: string; tone: Tone }> = {
  sent: { key: 'sent', tone: 'plain' }, done: { key: 'sent', tone: 'plain' }, delivered: { key: 'delivered', tone: 'plain' }, read: { key: 'read', tone: 'good' }, failed: { key: 'failed', tone: 'bad' },
  refused: { key: 'stopped', tone: 'bad' }, cancelled: { key: 'stopped', tone: 'plain' }, expired: { key: 'stopped', tone: 'plain' },
  planned: { key: 'waiting', tone: 'plain' }, sending: { key: 'waiting', tone: 'plain' }, held: { key: 'waiting', tone: 'warn' }, unknown: { key: 'waiting', tone: 'warn' },
};

/** Where an entry stands, where that is worth a word. */
export function standing(e: TimelineEntry, t: TFunction): Standing | undefined {
  switch (e.kind) {
    case 'comment': return e.state === 'visible' ? undefined : { text: codeText('comment_state', e.state), tone: 'warn' };
    case 'message': case 'public_reply': case 'private_reply': {
      const way = ways[e.state];
      if (!way || e.by === 'customer') return undefined;
      return { text: t(`fate.${way.key}`), tone: way.tone, ...(way.tone === 'plain' || way.tone === 'good' ? {} : { why: reasonText(e.reason, e.meaning) }) };
    }
    case 'invited': return { text: t(`timeline.invited.${e.state}`), tone: e.state === 'used' ? 'good' : 'plain' };
    case 'booked': return e.state === 'confirmed' ? undefined : { text: t(`bookings.state.${e.state}`), tone: 'plain' };
    case 'lead': return { text: t(`leads.state.${e.state}`), tone: e.state === 'open' ? 'warn' : 'plain' };
    case 'number': return { text: t(`timeline.number.${e.state}`), tone: e.state === 'confirmed' ? 'good' : 'plain' };
    default: return undefined;
  }
}

/** What else there is to say: words of a colleague, purpose and proof of a consent, the time of a booking; each a few words. */
export function aside(e: TimelineEntry, t: TFunction, language: string): string[] {
  return words(e, t, language).filter(Boolean);
}

function words(e: TimelineEntry, t: TFunction, language: string): string[] {
  switch (e.kind) {
    case 'step': case 'merged': return [e.text && quoted(e.text, language)];
    case 'invited': return [e.text && t('came.by', { trigger: e.text })];
    case 'joined': return [e.text, codeText('join_how', e.what)];
    case 'lead': return [e.text];
    case 'number': return [codeText('purpose', e.purpose)];
    case 'consent': return [codeText('purpose', e.purpose), e.channel in channelNames ? '' : codeText('consent_channel', e.channel), codeText('how', e.how)];
    case 'booked': case 'booking_cancelled': return [e.service[language] ?? e.service['en'] ?? Object.values(e.service)[0] ?? '', e.starts_at ? dateTime(e.starts_at, language) : '', e.what, e.text];
    default: return [''];
  }
}
