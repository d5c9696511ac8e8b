import { Switch } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ChannelMark } from '@/ui/parts';
import { failed } from '@/ui/toast';
import { useDisturb, useDisturbed, type StageAccount } from './control';
import css from './rehearse.module.css';

/** Disturbances of every call until they are switched off, by name; Meta's own answers to such a call. */
const outages = {
  outage: { status: 503 },
  lost_answers: { method: 'POST', after: true },
  limit: { method: 'POST', status: 400, code: 4 },
} as const;
type Outage = keyof typeof outages;
const allWebhooks = 1_000_000;

/** Outages, limits, lost webhooks and dead tokens, each at a switch. */
export function Disturb({ accounts }: { accounts: StageAccount[] }) {
  const { t } = useTranslation();
  const now = useDisturbed().data;
  const disturb = useDisturb();
  if (!now) return null;
  const set = (body: Parameters<typeof disturb.mutate>[0]) => disturb.mutate(body, { onError: failed });
  const on = now.switches.length + now.dead_tokens.length > 0 || now.lose_webhooks > 0;
  return (
    <section className={css.disturb} aria-labelledby="disturb-head">
      <h2 id="disturb-head">{t('rehearse.disturb')}</h2>
      <p>{t('rehearse.disturb_text')}</p>
      {(Object.keys(outages) as Outage[]).map((name) => (
        <Switch key={name} size="sm" label={t(`rehearse.fault.${name}`)} description={t(`rehearse.fault_text.${name}`)} disabled={disturb.isPending} checked={now.switches.includes(name)} onChange={(e) => set(e.currentTarget.checked ? { name, ...outages[name] } : { clear: name })} />
      ))}
      <Switch size="sm" label={t('rehearse.fault.lost_webhooks')} description={t('rehearse.fault_text.lost_webhooks')} disabled={disturb.isPending} checked={now.lose_webhooks > 0} onChange={(e) => set({ lose_webhooks: e.currentTarget.checked ? allWebhooks : 0 })} />
      {accounts.map((a) => (
        <Switch key={a.id} size="sm" disabled={disturb.isPending} checked={now.dead_tokens.includes(a.id)} onChange={(e) => set({ dead_token: a.id, on: e.currentTarget.checked })}
          label={<span className={css.token}>{t('rehearse.fault.dead_token')} <ChannelMark channel={a.channel} size={14} /></span>} />
      ))}
      {on && <p role="status">{t('rehearse.disturbed')} <Link to="/outbox">{t('nav.outbox')}</Link>, <Link to="/accounts">{t('nav.accounts')}</Link></p>}
    </section>
  );
}
