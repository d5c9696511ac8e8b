import { Button } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import type { WebhookSend } from '@/api/types';
import { codeText } from '@/i18n';
import { dateTime } from '@/ui/format';
import { Ago, Tag, type Tone } from '@/ui/parts';
import { Row, Rows } from '@/ui/rows';
import { Empty } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { useResend, useSends } from './webhook-queries';
import css from './webhooks.module.css';

const tones: Record<WebhookSend['state'], Tone> = { planned: 'plain', sending: 'accent', done: 'good', failed: 'bad' };

/** What was sent to one endpoint: when, how it was answered, the bytes; each can be sent again. */
export function Sends({ id }: { id: number }) {
  const { t } = useTranslation();
  const list = useSends(id);
  const { refetch } = list.query;
  const busy = list.items.some((s) => s.state === 'planned' || s.state === 'sending');
  useEffect(() => {
    const timer = setInterval(() => void refetch(), busy ? 2000 : 15_000);
    return () => clearInterval(timer);
  }, [busy, refetch]);
  return (
    <div className={css.log}>
      <Rows list={list} label={t('webhooks.log')} empty={<Empty title={t('webhooks.nothing_sent')}>{t('webhooks.nothing_sent_text')}</Empty>}>
        {(s) => <Send key={s.id} s={s} />}
      </Rows>
    </div>
  );
}

function Send({ s }: { s: WebhookSend }) {
  const { t, i18n } = useTranslation();
  const resend = useResend();
  const answer = s.status > 0 ? `HTTP ${s.status}` : s.attempts > 0 && s.state !== 'sending' ? t('webhooks.no_answer') : '';
  return (
    <Row side={<Button variant="default" size="compact-sm" leftSection={<IconRefresh size={14} aria-hidden />} loading={resend.isPending} aria-label={t('webhooks.resend_of', { id: s.id })} onClick={() => resend.mutate(s.id, { onSuccess: () => told(t('webhooks.resent')), onError: failed })}>{t('webhooks.resend')}</Button>}>
      <p><Tag tone={tones[s.state]}>{t(`webhooks.send.${s.state}`)}</Tag> <strong>{codeText('webhook_kind', s.kind)}</strong></p>
      <small>
        <Ago at={s.created_at} />
        {answer && <span>{answer}</span>}
        {s.attempts > 0 && <span>{t('webhooks.attempts', { count: s.attempts })}</span>}
        {s.took_ms > 0 && <span>{s.took_ms} ms</span>}
        {s.next_at && s.attempts > 0 && <span>{t('webhooks.next', { at: dateTime(s.next_at, i18n.language) })}</span>}
        {s.resent_of !== null && <span>{t('webhooks.resent_of', { id: s.resent_of })}</span>}
      </small>
      {s.error && <small className={css.error}>{s.error}</small>}
      <details className={css.body}><summary>{t('webhooks.body')}</summary><pre tabIndex={0}>{pretty(s.body)}</pre></details>
    </Row>
  );
}

function pretty(body: string): string {
  try { return JSON.stringify(JSON.parse(body), null, 2); } catch { return body; }
}
