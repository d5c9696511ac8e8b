import { IconInbox } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useBeside } from '@/ui/beside';
import { useKeys } from '@/ui/keys';
import { Empty } from '@/ui/states';
import css from './inbox.module.css';
import { List } from './list';
import { useConversations, views, type Filters, type View } from './queries';
import { Talk } from './talk-view';

const route = getRouteApi('/inbox');

/** The shared inbox: views, the list, one conversation, and the person it is with. */
export default function Inbox() {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const filters: Filters = { view: views.find((v) => v === search.view) ?? 'waiting', state: search.state, channel: search.channel, team: search.team, label: search.label, q: search.q };
  const query = useConversations(filters);
  const conversations = query.data?.pages.flatMap((p) => p.items) ?? [];

  const open = useBeside(search.id !== undefined, (id, replace) => void navigate({ search: (s) => ({ ...s, id, at: undefined }), replace }));
  const step = (by: 1 | -1) => {
    const at = conversations.findIndex((c) => c.id === search.id);
    const next = conversations[at < 0 ? 0 : at + by];
    if (next) open(next.id);
  };
  useKeys(t('inbox.title'), [
    { key: 'j', label: t('inbox.next'), run: () => step(1) },
    { key: 'k', label: t('inbox.previous'), run: () => step(-1) },
    { key: 'Escape', label: t('moderation.close'), run: () => open(undefined), hidden: true },
  ]);

  const view = (next: View) => void navigate({ search: (s) => ({ ...s, view: next }) });
  return (
    <div className={css.screen} data-open={search.id !== undefined}>
      <List query={query} conversations={conversations} filters={filters} selected={search.id} onSelect={open} onView={view} onFilter={(next) => void navigate({ search: (s) => ({ ...s, ...next }) })} />
      {search.id === undefined ? (
        <section className={css.middle}><Empty title={t('inbox.pick')} icon={<IconInbox size={26} stroke={1.4} aria-hidden />}>{t('inbox.pick_text')}</Empty></section>
      ) : (
        <Talk key={search.id} id={search.id} at={search.at} panel={search.panel ?? 'person'} onPanel={(p) => void navigate({ search: (s) => ({ ...s, panel: p === 'person' ? undefined : p }), replace: true })} onClose={() => open(undefined)} onNext={() => step(1)} onOpen={open} />
      )}
    </div>
  );
}
