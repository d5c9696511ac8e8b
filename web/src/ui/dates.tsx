import { Button, CloseButton, Input, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { dayName } from './format';
import css from './week-hours.module.css';

interface Props { label: string; description?: string; value: string[]; onChange: (dates: string[]) => void; disabled?: boolean; error?: string | undefined }

/** Days of the calendar, as dates without a time: chosen one by one, the earliest first. */
export function DateList({ label, description, value, onChange, disabled = false, error }: Props) {
  const { t, i18n } = useTranslation();
  const [next, setNext] = useState('');
  const add = () => { if (next && !value.includes(next)) onChange([...value, next].sort()); setNext(''); };
  return (
    <Input.Wrapper label={label} description={description} error={error} labelElement="div">
      <ul className={css.dates} aria-label={label}>
        {value.map((d) => (
          <li key={d} className={css.date}>{dayName(d, i18n.language)}{!disabled && <CloseButton size={24} iconSize={12} aria-label={t('act.remove_named', { name: dayName(d, i18n.language) })} onClick={() => onChange(value.filter((x) => x !== d))} />}</li>
        ))}
      </ul>
      {!disabled && (
        <div className={css.add}>
          <TextInput type="date" aria-label={t('hours.a_day')} value={next} onChange={(e) => setNext(e.currentTarget.value)} onKeyDown={(e) => { if (e.key === 'Enter') { e.preventDefault(); add(); } }} />
          <Button variant="default" disabled={!next} onClick={add}>{t('hours.add_day')}</Button>
        </div>
      )}
    </Input.Wrapper>
  );
}
