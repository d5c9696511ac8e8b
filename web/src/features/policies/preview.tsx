import { Button, Progress } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Backtest } from '@/api/types';
import { said } from '@/i18n/said';
import { Tag } from '@/ui/parts';
import { Sep } from '@/ui/sep';
import { Failure } from '@/ui/states';
import { failed } from '@/ui/toast';
import css from './policies.module.css';
import { useBacktest, useCancel, useChanges } from './queries';

/** What a draft would have done: counted in the background, with progress and a way to stop it. */
export function Preview({ id, rule }: { id: number; rule?: string }) {
  const { t } = useTranslation();
  const query = useBacktest(id);
  const cancel = useCancel();
  const b = query.data;
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  if (!b) return null;
  const open = b.state === 'queued' || b.state === 'running';
  return (
    <section className={css.preview} aria-label={t('preview.title')} aria-live="polite">
      {open && (
        <div className={css.progress}>
          <Progress value={b.total ? (b.worked / b.total) * 100 : 0} aria-label={t('preview.progress')} />
          <span>{b.total ? t('preview.worked', { worked: b.worked, total: b.total }) : t('preview.queued')}</span>
          <Button size="compact-sm" variant="default" loading={cancel.isPending} onClick={() => cancel.mutate(b.id, { onError: failed })}>{t('act.cancel')}</Button>
        </div>
      )}
      {b.state === 'failed' && <p role="alert">{said(b.reason_parts, b.reason)}</p>}
      {b.state === 'cancelled' && <p>{t('preview.cancelled', { worked: b.worked, total: b.total })}</p>}
      {b.worked > 0 || b.state === 'done' ? <Sentence b={b} {...(rule ? { rule } : {})} /> : null}
      {b.state === 'done' && <Examples id={b.id} />}
    </section>
  );
}

function Sentence({ b, rule }: { b: Backtest; rule?: string }) {
  const { t } = useTranslation();
  const one = rule === undefined ? undefined : b.counts.rules.find((r) => r.rule === rule);
  const hides = rule === undefined ? b.counts.hides : (one?.hides ?? 0);
  const restored = rule === undefined ? b.counts.restored : (one?.restored ?? 0);
  return (
    <div>
      <p className={css.sentence}>{t('preview.hides', { count: hides })} {hides > 0 && t('preview.restored', { count: restored })}</p>
      <p className={css.quiet}>
        {rule !== undefined && <>{t('preview.fired', { count: one?.fired ?? 0 })}<Sep /></>}{t('preview.changed', { count: b.counts.changed })}<Sep />{t('preview.looked', { count: b.counts.items })}
        {b.counts.erased > 0 && <><Sep />{t('preview.erased', { count: b.counts.erased })}</>}{b.counts.unanswered > 0 && <><Sep />{t('preview.unanswered', { count: b.counts.unanswered })}</>}
      </p>
    </div>
  );
}

function Examples({ id }: { id: number }) {
  const { t } = useTranslation();
  const items = useChanges(id, true).data?.items ?? [];
  if (items.length === 0) return null;
  return (
    <details>
      <summary className={css.summary}>{t('preview.examples')}</summary>
      <ul className={css.examples}>
        {items.map((c) => (
          <li key={c.verdict_id}>
            {c.subject === 'comment' ? <Link to="/moderation" search={{ queue: 'all', id: c.subject_id }}>{t('preview.comment', { id: c.subject_id })}</Link> : t('preview.message', { id: c.subject_id })}
            <Tag>{t(`decision.${c.was}`)}</Tag> → <Tag tone="accent">{t(`decision.${c.now}`)}</Tag>{c.person && <span className={css.quiet}>{t('preview.person', { decision: t(`decision.${c.person}`) })}</span>}
          </li>
        ))}
      </ul>
    </details>
  );
}
