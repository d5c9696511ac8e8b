import { useTranslation } from 'react-i18next';
import { dateTime, duration } from '@/ui/format';
import { fromCron } from './schedule';

interface Timed { starts_at: string | null; ends_at: string | null; recurrence?: string; duration_minutes?: number }

/** The names of the days, Sunday first, as short as the language has them. */
export function dayNames(language: string): string[] {
  const name = new Intl.DateTimeFormat(language, { weekday: 'short', timeZone: 'UTC' });
  return Array.from({ length: 7 }, (_, i) => name.format(new Date(Date.UTC(2026, 1, 1 + i))));
}

/** Says when something is on, on the workspace's clock. */
export function usePeriod(zone: string): (x: Timed) => string {
  const { t, i18n } = useTranslation();
  const language = i18n.language;
  return (x) => {
    const at = (instant: string) => dateTime(instant, language, zone);
    const span = x.starts_at && x.ends_at ? t('campaigns.from_until', { from: at(x.starts_at), until: at(x.ends_at) }) : x.starts_at ? t('campaigns.from', { from: at(x.starts_at) }) : x.ends_at ? t('triggers.until', { at: at(x.ends_at) }) : t('triggers.open_end');
    if (!x.recurrence) return span;
    const s = fromCron(x.recurrence, x.duration_minutes ?? 0);
    const days = s.days.length === 0 ? t('schedule.every_day') : s.days.map((d) => dayNames(language)[d]).join(', ');
    const when = s.kind === 'weekly' ? t('schedule.says', { days, time: s.time, length: duration(s.minutes * 60, language) }) : t('schedule.says_cron', { cron: x.recurrence, length: duration(s.minutes * 60, language) });
    return `${when}; ${span}`;
  };
}
