import type { TFunction } from 'i18next';
import { dateTime } from './format';

interface Happened { what: string; by: string; name: string; team: string; detail: Record<string, unknown> }

/** One line about what happened to a conversation beside what was said in it. */
export function stepText(t: TFunction, language: string, s: Happened): string {
  const detail = s.detail as { minutes?: number; until?: string; priority?: number };
  return t(`inbox.step.${s.what}`, {
    by: s.by || t('inbox.itself'), name: s.name, team: s.team, minutes: detail.minutes ?? 0, until: detail.until ? dateTime(detail.until, language) : t('inbox.until_written'),
    priority: t(`inbox.priorities.${['low', 'normal', 'high', 'urgent', 'danger'][(detail.priority ?? 0) + 1] ?? 'normal'}`), to: [s.name, s.team].filter(Boolean).join(', ') || t('inbox.assign_nobody'),
  });
}
