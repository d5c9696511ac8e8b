import { Button, Group, Modal, PasswordInput, SegmentedControl, Stack, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import type { Account, NewAccount } from '@/api/types';
import { failed } from '@/ui/toast';
import css from './accounts.module.css';
import { CheckRow, Stage } from './checks';
import { useBackfill, useConnect, type Connecting } from './queries';

type Form = Required<NewAccount>;
const empty: Form = { channel: 'facebook', id: '', token: '', base_url: '', waba_id: '', phone: '', page_id: '', name: '' };
const known = (a: Account): Form => ({ ...empty, channel: a.channel === 'messenger' ? 'facebook' : a.channel, id: a.external_id, base_url: a.base_url, waba_id: a.waba_id, phone: a.phone, page_id: a.page_id, name: a.name });

/** Connects an account, or renews its token: what Meta's console shows, then what the doctor finds, step by step. */
export function AddAccount({ again, onClose }: { again?: Account | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const [form, setForm] = useState(again ? known(again) : empty);
  const [so, setSo] = useState<Connecting>();
  const connect = useConnect(setSo);
  const refused = connect.error && !so?.account;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    const { channel, id, token, ...rest } = form;
    const filled = Object.fromEntries(Object.entries(rest).map(([k, v]) => [k, v.trim()] as const).filter(([k, v]) => v && (channel === 'whatsapp' || !['waba_id', 'phone'].includes(k)) && (channel === 'instagram' || k !== 'page_id')));
    connect.mutate({ channel, id: id.trim(), token: token.trim(), ...filled }, { onError: failed });
  };
  const title = again ? t('accounts.reconnect_of', { name: again.name || again.external_id }) : t('accounts.add');
  return (
    <Modal opened onClose={onClose} size="lg" title={title} closeButtonProps={{ 'aria-label': t('act.close') }}>
      {so && !refused
        ? <Found so={so} busy={connect.isPending} onBack={() => { setSo(undefined); connect.reset(); }} onClose={onClose} />
        : <Ask form={form} fixed={again !== undefined} set={setForm} error={connect.error} busy={connect.isPending} onSubmit={submit} onClose={onClose} />}
    </Modal>
  );
}

interface AskProps { form: Form; fixed: boolean; set: (f: Form) => void; error: unknown; busy: boolean; onSubmit: (e: FormEvent) => void; onClose: () => void }

function Ask({ form, fixed, set, error, busy, onSubmit, onClose }: AskProps) {
  const { t } = useTranslation();
  const field = (name: keyof Form) => ({ value: form[name], onChange: (e: { currentTarget: { value: string } }) => set({ ...form, [name]: e.currentTarget.value }), error: error instanceof ApiError ? error.field(name) : undefined });
  return (
    <form onSubmit={onSubmit} autoComplete="off">
      <Stack gap="sm">
        {!fixed && <SegmentedControl aria-label={t('accounts.channel')} value={form.channel} onChange={(channel) => set({ ...form, channel: channel as Form['channel'] })} data={[{ value: 'facebook', label: t('accounts.kind.facebook') }, { value: 'instagram', label: 'Instagram' }, { value: 'whatsapp', label: 'WhatsApp' }]} />}
        <div className={css.need}>
          <strong>{t('accounts.you_need')}</strong>
          <ol>{(['one', 'two', 'three'] as const).map((n) => <li key={n}>{t(`accounts.need.${form.channel}.${n}`)}</li>)}</ol>
        </div>
        <TextInput label={t(`accounts.id.${form.channel}`)} inputMode="numeric" required disabled={fixed} {...field('id')} />
        <PasswordInput label={t('accounts.token')} description={t('accounts.token_text')} required autoComplete="off" data-autofocus={fixed || undefined} visibilityToggleButtonProps={{ 'aria-label': t('session.show') }} {...field('token')} />
        {form.channel === 'whatsapp' && (
          <>
            <TextInput label={t('accounts.waba')} inputMode="numeric" required {...field('waba_id')} />
            <TextInput label={t('accounts.phone')} placeholder="+61 …" type="tel" required {...field('phone')} />
          </>
        )}
        {form.channel === 'instagram' && <TextInput label={t('accounts.page')} description={t('accounts.page_text')} inputMode="numeric" {...field('page_id')} />}
        <TextInput label={t('accounts.name')} {...field('name')} />
        <details className={css.more} open={form.base_url !== '' || undefined}><summary>{t('accounts.elsewhere')}</summary><TextInput label={t('accounts.base_url')} description={t('accounts.base_url_text')} type="url" {...field('base_url')} /></details>
        <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" loading={busy}>{t('accounts.connect_check')}</Button></Group>
      </Stack>
    </form>
  );
}

/** The stages of connecting as they come, then what was found; a wrong token is corrected from here. */
function Found({ so, busy, onBack, onClose }: { so: Connecting; busy: boolean; onBack: () => void; onClose: () => void }) {
  const { t } = useTranslation();
  const backfill = useBackfill();
  const bad = (so.checks ?? []).filter((c) => !c.ok).length + (so.subscribed instanceof ApiError ? 1 : 0);
  const history = so.account && so.account.channel !== 'whatsapp';
  return (
    <Stack gap="sm">
      <ul className={`${css.checks} ${css.first}`} aria-live="polite">
        <Stage state={so.account ? 'ok' : 'runs'} name={t('accounts.stage.store')} />
        <Stage state={so.subscribed === true ? 'ok' : so.subscribed ? 'bad' : so.at === 'subscribe' ? 'runs' : 'waits'} name={t('accounts.stage.subscribe')} detail={so.subscribed instanceof ApiError ? so.subscribed.message : undefined}>
          {so.subscribed instanceof ApiError && <small className={css.fix}>{t('accounts.subscribe_fix')}</small>}
        </Stage>
        {so.checks ? so.checks.map((c) => <CheckRow key={c.name} c={c} />) : <Stage state={so.at === 'check' && busy ? 'runs' : 'waits'} name={t('accounts.stage.check')} />}
      </ul>
      {so.at === 'over' && <p role="status" style={{ margin: 0, fontWeight: 550 }}>{bad === 0 ? t('accounts.all_well') : t('accounts.some_bad', { count: bad })}</p>}
      <Group justify="flex-end">
        {!busy && (bad > 0 || so.at !== 'over') && <Button variant="default" onClick={onBack}>{t('accounts.correct')}</Button>}
        {so.at === 'over' && bad === 0 && history && <Button variant="default" loading={backfill.isPending} onClick={() => backfill.mutate(so.account?.id ?? 0, { onSuccess: onClose, onError: failed })}>{t('accounts.backfill')}</Button>}
        <Button onClick={onClose} disabled={busy}>{t('accounts.done')}</Button>
      </Group>
    </Stack>
  );
}
