import { Button, Progress } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Account, Backfill, Coverage } from '@/api/types';
import { codeText } from '@/i18n';
import { useNow } from '@/ui/clock';
import { dateTime, percent } from '@/ui/format';
import { Ago, Facts, Tag, type Tone } from '@/ui/parts';
import { Sep } from '@/ui/sep';
import { failed, told } from '@/ui/toast';
import css from './accounts.module.css';
import { useCancelBackfill } from './queries';

/** How an account stands without anybody asking: its token's days, what webhooks tell, the number's quality. */
export function Vitals({ a }: { a: Account }) {
  const { t } = useTranslation();
  return (
    <div className={css.vitals}>
      <Facts rows={[
        [t('accounts.token'), a.health.checked_at ? <Left at={a.health.token_expires} never={t('accounts.no_end')} /> : t('accounts.not_looked')],
        [t('check.data access'), a.health.access_expires ? <Left at={a.health.access_expires} never="" /> : ''],
        [t('accounts.coverage'), !a.comments_coverage && !a.messages_coverage ? codeText('coverage', a.channel === 'whatsapp' ? 'not measurable' : 'not measured yet') : <>
          <Told of="comments" c={a.comments_coverage} /> <Told of="messages" c={a.messages_coverage} />{a.swept_at && <><Sep />{t('accounts.read_back')} <Ago at={a.swept_at} /></>}
        </>],
        [t('accounts.templates'), a.channel === 'whatsapp' ? <>{a.templates_read_at ? <>{t('accounts.read')} <Ago at={a.templates_read_at} /></> : t('accounts.not_read')}{a.templates_note && <Tag tone="warn" title={a.templates_note}>{t('accounts.not_readable')}</Tag>}{a.templates_note && <small>{a.templates_note}</small>}</> : ''],
        [t('check.quality'), a.channel === 'whatsapp' && a.health.quality !== '' ? <Tag tone={a.health.quality === 'RED' ? 'bad' : a.health.quality === 'YELLOW' ? 'warn' : 'good'}>{codeText('number_quality', a.health.quality)}</Tag> : ''],
        [t('accounts.checked'), a.health.checked_at && <Ago at={a.health.checked_at} />],
      ]} />
      {a.backfill && <History id={a.id} b={a.backfill} />}
    </div>
  );
}

/** How many of what is known webhooks told at once. */
function Told({ of, c }: { of: 'comments' | 'messages'; c: Coverage | null }) {
  const { t, i18n } = useTranslation();
  if (!c) return null;
  return <Tag tone={c.share >= 0.95 ? 'good' : 'warn'} title={t(`accounts.told_text.${of}`, { told: c.told, count: c.known })}>{t(`accounts.told.${of}`, { share: percent(c.share, i18n.language) })}</Tag>;
}

const day = 24 * 3600_000;

/** How many days something is still good for. */
function Left({ at, never }: { at: string | null; never: string }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  if (!at) return <>{never}</>;
  const days = Math.floor((Date.parse(at) - now) / day);
  const tone: Tone = days < 0 ? 'bad' : days < 14 ? 'warn' : 'good';
  return <Tag tone={tone} title={dateTime(at, i18n.language)}>{days < 0 ? t('accounts.ended') : t('accounts.days_left', { count: days })}</Tag>;
}

/** The reading of an account's history: how far it is, and a way to stop it. */
function History({ id, b }: { id: number; b: Backfill }) {
  const { t, i18n } = useTranslation();
  const cancel = useCancelBackfill();
  const on = b.state === 'waiting' || b.state === 'reading' || b.state === 'paused';
  const n = new Intl.NumberFormat(i18n.language);
  const so = t('accounts.history_so', { posts: t('accounts.posts', { count: b.posts, n: n.format(b.posts) }), comments: t('accounts.comments', { count: b.comments, n: n.format(b.comments) }) });
  return (
    <div className={css.history}>
      <div>
        <strong>{t(`accounts.history.${b.state}`)}</strong>
        <small>{b.posts > 0 || b.state === 'done' ? so : ''}{b.ended_at && <><Sep /><Ago at={b.ended_at} /></>}{b.again_at && <><Sep />{t('accounts.goes_on', { at: dateTime(b.again_at, i18n.language) })}</>}</small>
        {b.note && <small className={css.fix}>{b.note}</small>}
        {on && <Progress mt={6} value={(100 * b.posts) / Math.max(1, b.most_posts)} animated={b.state === 'reading'} aria-label={t('accounts.history_of', { most: n.format(b.most_posts) })} />}
        {on && <small>{t('accounts.history_of', { most: n.format(b.most_posts) })}</small>}
      </div>
      {on && <Button variant="default" size="compact-sm" loading={cancel.isPending} onClick={() => cancel.mutate(id, { onSuccess: () => told(t('accounts.history_cancelled')), onError: failed })}>{t('act.cancel')}</Button>}
    </div>
  );
}
