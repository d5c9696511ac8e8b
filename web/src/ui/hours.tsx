import { Button, Select, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import { useHours, useSaveHours } from '@/api/hours';
import { useAccounts } from '@/api/overview';
import { useMe } from '@/api/session';
import type { BusinessHours } from '@/api/types';
import { languageName } from './format';
import { accountChoices } from './parts';
import { Loaded } from './states';
import { failed, told } from './toast';
import { usualHours, weekIsRight } from './week';
import { WeekHours } from './week-hours';
import css from './week-hours.module.css';

const languages = ['en', 'it', 'fr', 'ro'] as const;

/** When somebody is there, for the workspace or one account, and what is said to who writes. */
export function HoursEditor({ may }: { may: boolean }) {
  const { t } = useTranslation();
  const hours = useHours();
  const [account, setAccount] = useState('');
  const accounts = useAccounts();
  const zone = useMe().data?.workspace.time_zone;
  return (
    <div className={css.form}>
      <Select label={t('bookings.hours_of')} allowDeselect={false} value={account} data={[{ value: '', label: t('bookings.all_accounts') }, ...accountChoices(accounts.data?.items ?? [])]} onChange={(v) => setAccount(v ?? '')} />
      <Loaded query={hours}>
        {({ items }) => {
          const id = account ? Number(account) : null;
          const found = items.find((h) => h.account_id === id);
          return <One key={`${account}:${found ? 'there' : 'new'}`} start={found ?? { account_id: id, hours: usualHours(zone), welcome: {}, away: {} }} known={found !== undefined} may={may} />;
        }}
      </Loaded>
    </div>
  );
}

function One({ start, known, may }: { start: BusinessHours; known: boolean; may: boolean }) {
  const { t, i18n } = useTranslation();
  const [h, setH] = useState(start);
  const save = useSaveHours();
  const problem = (field: string) => (save.error instanceof ApiError ? save.error.field(field) : undefined);
  const text = (kind: 'welcome' | 'away', l: string) => (
    <Textarea key={l} label={`${t(`bookings.${kind}`)} (${languageName(l, i18n.language) || l})`} autosize minRows={2} maxLength={1000} disabled={!may} value={h[kind][l] ?? ''} error={problem(`${kind}.${l}`)} lang={l}
      onChange={(e) => setH({ ...h, [kind]: { ...h[kind], [l]: e.currentTarget.value } })} />
  );
  return (
    <form className={css.form} onSubmit={(e) => { e.preventDefault(); save.mutate(h, { onSuccess: () => told(t('bookings.saved')), onError: failed }); }}>
      {!known && <p className={css.hint}>{t('bookings.no_hours')}</p>}
      <WeekHours hours={h.hours} may={may} problem={(f) => problem(`hours.${f}`)} onChange={(hours) => setH({ ...h, hours })} />
      <p className={css.hint}>{t('bookings.welcome_hint')}</p>
      <div className={css.pair}>{languages.map((l) => text('welcome', l))}</div>
      <p className={css.hint}>{t('bookings.away_hint', { place: '{{opens}}', interpolation: { escapeValue: false } })}</p>
      <div className={css.pair}>{languages.map((l) => text('away', l))}</div>
      {may && <Button type="submit" disabled={!weekIsRight(h.hours)} loading={save.isPending} style={{ justifySelf: 'start' }}>{t('act.save')}</Button>}
    </form>
  );
}
