import { Button } from '@mantine/core';
import { IconArrowBackUp } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import type { Comment } from '@/api/types';
import { said } from '@/i18n/said';
import { dateTime } from '@/ui/format';
import { useNamed } from '@/ui/named';
import { Ago, Tag } from '@/ui/parts';
import { Failure, Loading } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { called } from '@/ui/who';
import css from './moderation.module.css';
import { useAct, useComments } from './queries';
import { Veiled } from './veil';

/** What the machine hid or deleted since, each undone by one press. */
export function MachineHides({ since }: { since: string }) {
  const { t } = useTranslation();
  const query = useComments({ queue: 'all', by: 'machine', after: since });
  const rows = query.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <section aria-labelledby="hides">
      <h2 id="hides" className={css.sectionTitle}>{t('today.hides')}</h2>
      {query.isPending ? <Loading rows={3} /> : query.isError ? <Failure error={query.error} retry={() => void query.refetch()} /> : rows.length === 0 ? <p className={css.quiet}>{t('today.no_hides')}</p> : (
        <ul className={css.hides}>{rows.map((c) => <Hidden key={c.id} c={c} />)}</ul>
      )}
      {query.hasNextPage && <Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{t('today.more')}</Button>}
    </section>
  );
}

function Hidden({ c }: { c: Comment }) {
  const { t, i18n } = useTranslation();
  const named = useNamed();
  const allowed = useCan('moderate');
  const act = useAct();
  const standing = c.decision === 'hide' || c.decision === 'delete';
  return (
    <li className="panel">
      <div className={css.hideHead}><Link to="/moderation" search={{ queue: 'all', id: c.id }} dir="auto">{called(c.author)}</Link><Ago at={c.commented_at} />{!standing && <Tag tone="good">{t('today.was_restored')}</Tag>}{c.state === 'removed' && <Tag tone="bad">{t('comment_state.removed')}</Tag>}</div>
      <Veiled comment={c} of={`${called(c.author)}, ${dateTime(c.commented_at, i18n.language)}`}><p className="said" dir="auto" lang={c.language || undefined}>{c.text || t('comment.no_text')}</p></Veiled>
      <div className={css.hideFoot}>
        <small dir="auto">{said(c.verdict?.reasons[0]?.parts, c.verdict?.reasons[0]?.text ?? '')}</small>
        {allowed && standing && c.state !== 'removed' && <Button size="compact-sm" variant="default" loading={act.isPending} {...named(t('act.undo'), called(c.author), dateTime(c.commented_at, i18n.language))} leftSection={<IconArrowBackUp size={15} aria-hidden />} onClick={() => act.mutate({ verb: 'unhide', comment: c }, { onSuccess: () => told(t('moderation.done.unhide')), onError: failed })}>{t('act.undo')}</Button>}
      </div>
    </li>
  );
}
