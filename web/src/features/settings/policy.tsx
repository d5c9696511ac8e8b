import { Button, NumberInput, Switch } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Policy } from '@/api/types';
import { Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { usePolicy, useSavePolicy } from './queries';
import { Section } from './section';
import css from './settings.module.css';

/** What moderation does by itself, and from which score on it asks a person. */
export function PolicySection() {
  const query = usePolicy();
  return <Loaded query={query} rows={2}>{(policy) => <Fields key={JSON.stringify(policy)} start={policy} />}</Loaded>;
}

const thresholds = ['review_harm', 'review_spam', 'llm_hide'] as const;

function Fields({ start }: { start: Policy }) {
  const { t } = useTranslation();
  const [policy, setPolicy] = useState(start);
  const save = useSavePolicy();
  const changed = JSON.stringify(policy) !== JSON.stringify(start);
  return (
    <Section id="policy">
      {(['hide_harm', 'hide_spam'] as const).map((name) => (
        <Switch key={name} className={css.wide ?? ''} label={t(`settings.field.${name}`)} checked={policy[name] ?? false} onChange={(e) => setPolicy({ ...policy, [name]: e.currentTarget.checked })} />
      ))}
      {thresholds.map((name) => (
        <NumberInput key={name} label={t(`settings.field.${name}`)} suffix=" %" min={0} max={100} value={Math.round((policy[name] ?? 0) * 100)} onChange={(v) => setPolicy({ ...policy, [name]: Math.min(100, Math.max(0, Number(v) || 0)) / 100 })} />
      ))}
      <div className={css.wide}><Button disabled={!changed} loading={save.isPending} onClick={() => save.mutate(policy, { onSuccess: () => told(t('act.saved')), onError: failed })}>{t('act.save')}</Button></div>
    </Section>
  );
}
