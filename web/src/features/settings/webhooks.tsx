import { ActionIcon, Button, Menu } from '@mantine/core';
import { IconDots, IconPlus, IconSend, IconWebhook } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { NewWebhookEndpoint, WebhookEndpoint } from '@/api/types';
import { said } from '@/i18n/said';
import { codeText } from '@/i18n';
import { useConfirm } from '@/ui/confirm';
import { Ago, Tag } from '@/ui/parts';
import { Sep } from '@/ui/sep';
import { Empty, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { EndpointForm, Secret } from './endpoint-form';
import { Sends } from './sends';
import { useEndpoints, usePauseEndpoint, useRemoveEndpoint, useRotateSecret, useTestEndpoint } from './webhook-queries';
import css from './webhooks.module.css';

/** Other systems that are told what happens, signed, with a log of all that was sent to each. */
export function Webhooks() {
  const { t } = useTranslation();
  const list = useEndpoints();
  const [form, setForm] = useState<WebhookEndpoint | 'new'>();
  const [made, setMade] = useState<NewWebhookEndpoint>();
  const add = <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setForm('new')}>{t('webhooks.add')}</Button>;
  return (
    <>
      <div className={css.bar}><p>{t('webhooks.lead')}</p>{add}</div>
      <Loaded query={list} rows={3}>
        {({ items }) => items.length === 0
          ? <div className="panel"><Empty title={t('webhooks.none')} icon={<IconWebhook size={26} stroke={1.4} aria-hidden />}>{t('webhooks.none_text')}</Empty></div>
          : <div className={css.cards}>{items.map((e) => <Card key={e.id} e={e} onEdit={() => setForm(e)} onSecret={setMade} />)}</div>}
      </Loaded>
      {form && <EndpointForm e={form === 'new' ? undefined : form} onClose={(m) => { setForm(undefined); setMade(m); }} />}
      {made && <Secret made={made} onClose={() => setMade(undefined)} />}
    </>
  );
}

function Card({ e, onEdit, onSecret }: { e: WebhookEndpoint; onEdit: () => void; onSecret: (m: NewWebhookEndpoint) => void }) {
  const { t } = useTranslation();
  const [log, setLog] = useState(false);
  const test = useTestEndpoint();
  const pause = usePauseEndpoint();
  const rotate = useRotateSecret();
  const remove = useRemoveEndpoint();
  const [ask, dialog] = useConfirm();
  const paused = e.state === 'paused';
  return (
    <section className={`panel ${css.card}`} aria-label={e.url}>
      {dialog}
      <div className={css.head}>
        <div className={css.what}>
          <h2>{e.url}</h2>
          <small>{e.description}</small>
          <small>{e.kinds.length === 0 ? t('webhooks.all_kinds') : e.kinds.map((k) => codeText('webhook_kind', k)).join(', ')}</small>
          <small>{e.last_at ? <>{t('webhooks.last')} <Ago at={e.last_at} />{e.last_status ? <><Sep />{`HTTP ${e.last_status}`}</> : ''}</> : t('webhooks.never')}{e.waiting > 0 && <><Sep />{t('webhooks.waiting', { count: e.waiting })}</>}{e.failures > 0 && <><Sep />{t('webhooks.failures', { count: e.failures })}</>}</small>
        </div>
        <Tag tone={paused ? 'warn' : 'good'}>{t(`webhooks.state.${e.state}`)}</Tag>
        <div className={css.acts}>
          <Button variant="default" size="compact-sm" leftSection={<IconSend size={14} aria-hidden />} loading={test.isPending} disabled={paused} onClick={() => test.mutate(e.id, { onSuccess: () => { told(t('webhooks.tested')); setLog(true); }, onError: failed })}>{t('webhooks.test')}</Button>
          <Button variant="default" size="compact-sm" aria-expanded={log} onClick={() => setLog(!log)}>{t('webhooks.log')}</Button>
          <Menu position="bottom-end">
            <Menu.Target><ActionIcon variant="subtle" color="gray" aria-label={t('accounts.more', { name: e.url })}><IconDots size={16} aria-hidden /></ActionIcon></Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={onEdit}>{t('webhooks.edit')}</Menu.Item>
              <Menu.Item onClick={() => pause.mutate({ id: e.id, pause: !paused }, { onSuccess: () => told(t('act.saved')), onError: failed })}>{t(paused ? 'webhooks.resume' : 'webhooks.pause')}</Menu.Item>
              <Menu.Item onClick={() => ask({ text: t('webhooks.sure_rotate'), verb: t('webhooks.rotate'), run: () => rotate.mutate(e.id, { onSuccess: onSecret, onError: failed }) })}>{t('webhooks.rotate')}</Menu.Item>
              <Menu.Item color="red" onClick={() => ask({ text: t('webhooks.sure_remove'), verb: t('act.remove'), run: () => remove.mutate(e.id, { onSuccess: () => told(t('webhooks.removed')), onError: failed }) })}>{t('act.remove')}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </div>
      </div>
      {paused && <p className={css.paused}>{said(e.reason_parts, e.reason) || t('webhooks.paused_text')}</p>}
      {log && <Sends id={e.id} />}
    </section>
  );
}
