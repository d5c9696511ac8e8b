import { Switch } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '@/api/client';
import { useAccounts } from '@/api/overview';
import { useCan } from '@/api/session';
import type { Workspace } from '@/api/types';
import { ChannelMark } from '@/ui/parts';
import { Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import css from './policies.module.css';
import { useFresh } from './queries';

/** The switches for when something goes wrong: what is automatic, and what is sent; they hold at once. */
export function SwitchesTab() {
  const { t } = useTranslation();
  const allowed = useCan('configure');
  const onSettled = useFresh();
  const workspace = useQuery({ queryKey: ['workspace'], queryFn: () => unwrap<Workspace>(api.GET('/workspace')) });
  const accounts = useAccounts().data?.items ?? [];
  const done = { onSuccess: () => told(t('act.saved')), onError: failed, onSettled };
  const automate = useMutation({ mutationFn: (on: boolean) => unwrap(api.POST('/workspace/automation', { body: { on } })), ...done });
  const sending = useMutation({ mutationFn: (on: boolean) => unwrap(api.POST('/workspace/sending', { body: { on } })), ...done });
  const account = useMutation({ mutationFn: ({ id, what, on }: { id: number; what: 'automation' | 'sending'; on: boolean }) => unwrap(what === 'automation' ? api.POST('/accounts/{id}/automation', { params: { path: { id } }, body: { on } }) : api.POST('/accounts/{id}/sending', { params: { path: { id } }, body: { on } })), ...done });
  return (
    <div className={css.stack}>
      <p className={css.quiet}>{t('switches.lead')}</p>
      <Loaded query={workspace} rows={2}>{(w) => {
        const settings = w.settings as { automate?: boolean; sending?: boolean };
        return (
          <section className={`panel ${css.switches}`} aria-label={t('switches.workspace')}>
            <h2 className={css.heading}>{t('switches.workspace')}</h2>
            <Switch label={t('switches.automate')} description={t('switches.automate_text')} checked={settings.automate ?? true} disabled={!allowed || automate.isPending} onChange={(e) => automate.mutate(e.currentTarget.checked)} />
            <Switch label={t('switches.sending')} description={t('switches.sending_text')} checked={settings.sending ?? true} disabled={!allowed || sending.isPending} onChange={(e) => sending.mutate(e.currentTarget.checked)} />
          </section>
        );
      }}</Loaded>
      {accounts.map((a) => (
        <section key={a.id} className={`panel ${css.switches}`} aria-label={a.name || a.external_id}>
          <h2 className={css.heading}><ChannelMark channel={a.channel} /> {a.name || a.external_id}</h2>
          <Switch label={t('switches.automate')} checked={a.automate} disabled={!allowed || account.isPending} onChange={(e) => account.mutate({ id: a.id, what: 'automation', on: e.currentTarget.checked })} />
          <Switch label={t('switches.sending')} checked={a.sending} disabled={!allowed || account.isPending} onChange={(e) => account.mutate({ id: a.id, what: 'sending', on: e.currentTarget.checked })} />
        </section>
      ))}
    </div>
  );
}
