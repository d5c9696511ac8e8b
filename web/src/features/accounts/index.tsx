import { ActionIcon, Button, Menu, Switch } from '@mantine/core';
import { IconCircleX, IconDotsVertical, IconPlugConnected, IconPlus, IconStethoscope } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import { useAccounts } from '@/api/overview';
import { useCan } from '@/api/session';
import type { Account } from '@/api/types';
import { codeText } from '@/i18n';
import { useConfirm } from '@/ui/confirm';
import { ChannelMark, channelNames, PageBody, PageHead, Tag } from '@/ui/parts';
import { sentence } from '@/ui/reason';
import { Dotted } from '@/ui/sep';
import { Empty, Loaded } from '@/ui/states';
import { failed, problemText, told } from '@/ui/toast';
import css from './accounts.module.css';
import { AddAccount } from './add';
import { Checks } from './checks';
import { useAccountSending, useBackfill, useCheck, useRemoveAccount } from './queries';
import { Vitals } from './vitals';

/** The connected Pages, Instagram accounts and WhatsApp numbers, and whether each is in order. */
export default function Accounts() {
  const { t } = useTranslation();
  const query = useAccounts();
  const configure = useCan('configure');
  const [adding, setAdding] = useState<Account | 'new'>();
  const add = configure && <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding('new')}>{t('accounts.add')}</Button>;
  return (
    <PageBody>
      <PageHead title={t('accounts.title')} action={add}>{t('accounts.lead')}</PageHead>
      <Loaded query={query}>
        {({ items }) => items.length === 0
          ? <div className="panel"><Empty title={t('accounts.none')} icon={<IconPlugConnected size={26} stroke={1.4} aria-hidden />} action={add}>{t('accounts.none_text')}</Empty></div>
          : <div className={css.cards}>{items.map((a) => <Card key={a.id} a={a} configure={configure} onReconnect={() => setAdding(a)} />)}</div>}
      </Loaded>
      {adding && <AddAccount again={adding === 'new' ? undefined : adding} onClose={() => setAdding(undefined)} />}
    </PageBody>
  );
}

/** A Page, its Instagram account and its number often share a name: the network tells them apart. */
const nameOf = (a: Account) => `${a.name || a.external_id}, ${channelNames[a.channel]}`;

function Card({ a, configure, onReconnect }: { a: Account; configure: boolean; onReconnect: () => void }) {
  const { t } = useTranslation();
  const check = useCheck();
  const sending = useAccountSending();
  const name = nameOf(a);
  return (
    <section className={`panel ${css.card}`} aria-label={name}>
      <div className={css.head}>
        <ChannelMark channel={a.channel} size={24} />
        <div className={css.name}>
          <h2>{a.name || channelNames[a.channel]}</h2>
          <small><Dotted of={[channelNames[a.channel], a.phone || a.external_id, a.base_url.replace(/^https?:\/\//, '')]} /></small>
        </div>
        <Tag tone={a.state === 'connected' ? 'good' : 'bad'}>{codeText('account_state', a.state)}</Tag>
        {configure && (
          <>
            <Switch label={t('accounts.sending')} aria-label={`${t('accounts.sending')}: ${name}`} checked={a.sending} disabled={sending.isPending} onChange={(e) => sending.mutate({ id: a.id, on: e.currentTarget.checked }, { onError: failed })} />
            <Button variant="default" aria-label={`${t('accounts.check')}: ${name}`} leftSection={<IconStethoscope size={16} aria-hidden />} loading={check.isPending} onClick={() => check.mutate(a.id, { onError: failed })}>{t('accounts.check')}</Button>
            <More a={a} onReconnect={onReconnect} />
          </>
        )}
      </div>
      {a.state_reason && <p style={{ margin: '10px 0 0', color: 'var(--p-bad-ink)' }}>{a.state_reason}</p>}
      {configure && a.state === 'needs_reauthorisation' && <Button mt={8} size="compact-sm" onClick={onReconnect}>{t('accounts.reconnect')}</Button>}
      <Vitals a={a} />
      {a.health.problems.length > 0 && !check.data && <Problems a={a} />}
      {check.data && <Checks checks={check.data.checks} />}
    </section>
  );
}

/** What was found without anybody asking. */
function Problems({ a }: { a: Account }) {
  const { t } = useTranslation();
  return (
    <ul className={css.checks} aria-label={t('accounts.problems')}>
      {a.health.problems.map((p) => (
        <li key={p.code}>
          <IconCircleX size={18} className={css.no} role="img" aria-label={t('accounts.not_ok')} />
          <div>{codeText('account_problem', p.code)}<small>{sentence('problem', p.code, p.params, p.meaning)}</small><small className={css.fix}>{sentence('problem_fix', p.code, p.params, p.fix)}</small></div>
        </li>
      ))}
    </ul>
  );
}

function More({ a, onReconnect }: { a: Account; onReconnect: () => void }) {
  const { t } = useTranslation();
  const backfill = useBackfill();
  const remove = useRemoveAccount();
  const [ask, dialog] = useConfirm();
  // People who were written to within thirty days must be able to answer: the server says so, and is told that it is meant.
  const warned = (error: unknown) => (error instanceof ApiError && error.kind === 'conflict' ? ask({ text: problemText(error), verb: t('accounts.remove_anyway'), run: () => go(true) }) : failed(error));
  const go = (acknowledged?: boolean) => remove.mutate({ id: a.id, acknowledged }, { onSuccess: () => told(t('accounts.removed')), onError: warned });
  const sure = () => ask({ text: t('accounts.sure_remove', { name: a.name || `${channelNames[a.channel]} ${a.external_id}` }), verb: t('accounts.remove'), run: () => go() });
  return (
    <>
    {dialog}
    <Menu position="bottom-end">
      <Menu.Target><ActionIcon variant="subtle" color="gray" aria-label={t('accounts.more', { name: nameOf(a) })}><IconDotsVertical size={17} aria-hidden /></ActionIcon></Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={onReconnect}>{t('accounts.reconnect')}</Menu.Item>
        {a.channel !== 'whatsapp' && !['waiting', 'reading', 'paused'].includes(a.backfill?.state ?? '') && <Menu.Item onClick={() => backfill.mutate(a.id, { onSuccess: () => told(t('accounts.backfilling')), onError: failed })}>{t('accounts.backfill')}</Menu.Item>}
        <Menu.Item color="red" onClick={sure}>{t('accounts.remove')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
    </>
  );
}
