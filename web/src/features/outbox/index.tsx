import { Alert, Button } from '@mantine/core';
import { IconCircleCheck, IconHandStop, IconSend } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useAccounts, useOverview } from '@/api/overview';
import { useCan } from '@/api/session';
import type { Action } from '@/api/types';
import { NothingYet } from '@/ui/nothing-yet';
import { PageBody, PageHead, Tag } from '@/ui/parts';
import { reasonText } from '@/ui/reason';
import { Rows, Views } from '@/ui/rows';
import { failed, told } from '@/ui/toast';
import { ActionRow } from './row';
import { useActions, useRelease, views, type View } from './queries';
import { Settle } from './settle';

const route = getRouteApi('/outbox');

/** All that goes out: what waits for a person, what waits for its time, what was stopped and why, what was done. */
export default function Outbox() {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const view: View = views.find((v) => v === search.view) ?? 'attention';
  const list = useActions(view, search.contact, search.reason);
  const accounts = useAccounts().data?.items ?? [];
  const campaign = useCan('campaign');
  const [settling, setSettling] = useState<Action | undefined>();
  const empty = view === 'attention'
    ? <NothingYet title={t('outbox.calm')} icon={<IconCircleCheck size={26} stroke={1.4} aria-hidden />}>{t('outbox.calm_text')}</NothingYet>
    : <NothingYet title={t(search.reason ? 'state.no_match' : `outbox.none.${view}`)} icon={<IconSend size={26} stroke={1.4} aria-hidden />}>{t(search.reason ? 'state.no_match_text' : 'outbox.none_text')}</NothingYet>;
  return (
    <PageBody>
      <PageHead title={t('outbox.title')}>{t('outbox.lead')}</PageHead>
      <Released />
      <Views label={t('outbox.views')} value={view} onView={(v) => void navigate({ search: (s) => ({ ...s, view: v, reason: undefined }) })} views={views.map((v) => ({ value: v, label: t(`outbox.view.${v}`) }))} />
      {search.contact && <p><Link to="/outbox" search={{ view, reason: search.reason }}>{t('outbox.everybody')}</Link></p>}
      {search.reason && <p><Tag>{t('outbox.only', { reason: reasonText(search.reason, list.items[0]?.meaning ?? '') })}</Tag> <Link to="/outbox" search={{ view, contact: search.contact }}>{t('outbox.all_reasons')}</Link></p>}
      <Rows list={list} label={t('outbox.title')} empty={empty}>
        {(a) => <ActionRow key={a.id} a={a} account={accounts.find((x) => x.id === a.account_id)} campaign={campaign} onSettle={() => setSettling(a)} />}
      </Rows>
      {settling && <Settle a={settling} onClose={() => setSettling(undefined)} />}
    </PageBody>
  );
}

/** A restored copy of the database sends nothing until an owner says that it is the only one. */
function Released() {
  const { t } = useTranslation();
  const own = useCan('own');
  const release = useRelease();
  const copy = useOverview().data?.held.find((h) => h.reason === 'restored_copy');
  if (!copy) return null;
  return (
    <Alert color="yellow" icon={<IconHandStop size={18} aria-hidden />} title={t('outbox.copy', { count: copy.count })} mb={14}>
      <p style={{ margin: '0 0 10px' }}>{t('outbox.copy_text')}</p>
      {own && <Button size="compact-sm" variant="default" loading={release.isPending} onClick={() => release.mutate(undefined, { onSuccess: () => told(t('outbox.released')), onError: failed })}>{t('outbox.release')}</Button>}
    </Alert>
  );
}
