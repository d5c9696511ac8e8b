import { Button, SegmentedControl } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '@/api/client';
import { ApiError } from '@/api/errors';
import { useCan } from '@/api/session';
import type { Disagreement, Page } from '@/api/types';
import { said } from '@/i18n/said';
import { Ago, PageBody, PageHead, Tag } from '@/ui/parts';
import { Empty, Failure, Loading } from '@/ui/states';
import { isHarmful, VeiledLine } from '@/ui/veil';
import css from './moderation.module.css';
import { ScreenTabs } from './tabs';
import { decisionTone } from './tags';

type With = 'machine' | 'reviewers';

/** Where people overturned the machine, and where two of them said the opposite. */
export default function Disagreements() {
  const { t } = useTranslation();
  const [against, setAgainst] = useState<With>('machine');
  const may = useCan('supervise');
  const query = useInfiniteQuery({
    enabled: may,
    queryKey: ['disagreements', against],
    initialPageParam: '',
    queryFn: ({ pageParam }) => unwrap<Page<Disagreement>>(api.GET('/review-disagreements', { params: { query: { with: against, limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    getNextPageParam: (last) => last.next || undefined,
  });
  const rows = query.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <PageBody>
      <PageHead title={t('disagree.title')} action={<SegmentedControl size="xs" aria-label={t('disagree.with')} value={against} onChange={(v) => setAgainst(v as With)} data={[{ value: 'machine', label: t('disagree.machine') }, { value: 'reviewers', label: t('disagree.reviewers') }]} />}>{t('disagree.lead')}</PageHead>
      <ScreenTabs />
      {!may ? <Failure error={new ApiError(403, {})} /> : query.isPending ? <Loading rows={4} /> : query.isError ? <Failure error={query.error} retry={() => void query.refetch()} />
        : rows.length === 0 ? <Empty title={t('disagree.none')}>{t(`disagree_none.${against}`)}</Empty>
        : <ul className={css.hides}>{rows.map((d) => <One key={d.id} d={d} byMachine={against === 'machine'} />)}</ul>}
      {query.hasNextPage && <Button size="xs" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{t('today.more')}</Button>}
    </PageBody>
  );
}

function One({ d, byMachine }: { d: Disagreement; byMachine: boolean }) {
  const { t } = useTranslation();
  return (
    <li className="panel">
      <p className="said" dir="auto" lang={d.language || undefined} style={{ margin: 0 }}><Link to="/moderation" search={{ queue: 'all', id: d.comment_id }}><VeiledLine harmful={isHarmful(d.harm)}>{d.text || t('comment.no_text')}</VeiledLine></Link></p>
      <dl className={css.sides}>
        <div><dt>{byMachine ? t(`tier.${d.first_by}`) : d.first_by}</dt><dd><Tag tone={decisionTone[d.first]}>{t(`decision.${d.first}`)}</Tag> <span dir="auto">{said(d.reason_parts, d.reason)}</span>{d.rule && <small>{d.rule}</small>}{d.version && <small><code>{d.version}</code></small>}</dd></div>
        <div><dt>{d.second_by}</dt><dd><Tag tone={decisionTone[d.second]}>{t(`decision.${d.second}`)}</Tag> <span dir="auto">{said(d.second_why_parts, d.second_why)}</span></dd></div>
        {!byMachine && <div><dt>{t('disagree.settled')}</dt><dd>{d.settled ? t(`decision.${d.settled}`) : t('disagree.unsettled')}</dd></div>}
      </dl>
      <small><Ago at={d.at} /></small>
    </li>
  );
}
