import { TextInput } from '@mantine/core';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { OpeningHours } from '@/api/types';
import { DateList } from './dates';
import { partsOf, weekdayName, weekdays, wrongPart } from './week';
import { ZoneSelect } from './zones';
import css from './week-hours.module.css';

interface Props { hours: OpeningHours; onChange: (h: OpeningHours) => void; may: boolean; problem: (field: string) => string | undefined }

/** The open parts of the week, the zone, and the days that are closed all the same. */
export function WeekHours({ hours, onChange, may, problem }: Props) {
  const { t, i18n } = useTranslation();
  const id = useId();
  // What is being typed is kept as it is; the parts are read out of it.
  const [typed, setTyped] = useState<Record<string, string>>(() => Object.fromEntries(weekdays.map((d) => [d, (hours.week[d] ?? []).join(', ')])));
  const wrong = (day: string) => { const p = wrongPart(hours.week[day] ?? []); return p ? t('hours.wrong_part', { part: p }) : (problem(`week.${day}`) ?? problem(`week.${day}[0]`)); };
  return (
    <div className={css.form}>
      <ZoneSelect label={t('bookings.zone')} value={hours.time_zone} disabled={!may} error={problem('time_zone')} onChange={(time_zone) => onChange({ ...hours, time_zone })} />
      <div className={css.week} role="group" aria-label={t('hours.week')}>
        {weekdays.map((d, i) => (
          <div key={d} className={css.day}>
            <label htmlFor={`${id}${d}`}>{weekdayName(i, i18n.language)}</label>
            <TextInput id={`${id}${d}`} placeholder={t('bookings.closed')} disabled={!may} value={typed[d] ?? ''} error={wrong(d)}
              onChange={(e) => { const text = e.currentTarget.value; setTyped({ ...typed, [d]: text }); onChange({ ...hours, week: { ...hours.week, [d]: partsOf(text) } }); }} />
          </div>
        ))}
      </div>
      <p className={css.hint}>{t('bookings.parts_hint')}</p>
      <DateList label={t('bookings.closed_days')} value={hours.closed} disabled={!may} error={problem('closed')} onChange={(closed) => onChange({ ...hours, closed })} />
    </div>
  );
}
