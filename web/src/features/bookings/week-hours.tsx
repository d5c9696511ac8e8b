import { TagsInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { OpeningHours } from '@/api/types';
import { named, partsOf, weekdays } from './days';
import css from './bookings.module.css';

/** The open parts of the week, the zone, and the days that are closed all the same. */
export function WeekHours({ hours, onChange, may, problem }: { hours: OpeningHours; onChange: (h: OpeningHours) => void; may: boolean; problem: (field: string) => string | undefined }) {
  const { t, i18n } = useTranslation();
  // What is being typed is kept as it is; the parts are read out of it.
  const [typed, setTyped] = useState<Record<string, string>>(() => Object.fromEntries(weekdays.map((d) => [d, (hours.week[d] ?? []).join(', ')])));
  return (
    <div className={css.form}>
      <TextInput label={t('bookings.zone')} value={hours.time_zone} disabled={!may} error={problem('time_zone')} onChange={(e) => onChange({ ...hours, time_zone: e.currentTarget.value.trim() })} />
      <div className={css.pair}>
        {weekdays.map((d, i) => (
          <TextInput key={d} label={named(`2026-11-${23 + i}`, i18n.language).replace(/[^\p{L}.]+.*$/u, '')} placeholder={t('bookings.closed')} disabled={!may} value={typed[d] ?? ''} error={problem(`week.${d}`) ?? problem(`week.${d}[0]`)}
            onChange={(e) => { const text = e.currentTarget.value; setTyped({ ...typed, [d]: text }); onChange({ ...hours, week: { ...hours.week, [d]: partsOf(text) } }); }} />
        ))}
      </div>
      <p className={css.none}>{t('bookings.parts_hint')}</p>
      <TagsInput label={t('bookings.closed_days')} placeholder="2026-12-25" value={hours.closed} disabled={!may} error={problem('closed')} onChange={(closed) => onChange({ ...hours, closed })} />
    </div>
  );
}

/** Hours to begin with: working days, in the reader's zone. */
export const usualHours = (): OpeningHours => ({ time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone, week: Object.fromEntries(weekdays.map((d, i) => [d, i < 5 ? ['09:00-17:00'] : []])), closed: [] });
