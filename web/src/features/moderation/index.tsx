import { getRouteApi } from '@tanstack/react-router';
import { IconGavel } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useKeys } from '@/ui/keys';
import { Empty } from '@/ui/states';
import { Detail } from './detail';
import { neighbour } from './flow';
import { List } from './list';
import css from './moderation.module.css';
import { useComments, type Filters } from './queries';

const route = getRouteApi('/moderation');

/** The moderation queue: a list, and one comment with all that is known of it. */
export default function Moderation() {
  const { t } = useTranslation();
  const { id, ...filters } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useComments(filters);
  const comments = query.data?.pages.flatMap((p) => p.items) ?? [];
  const ids = comments.map((c) => c.id);

  const open = (next: number | undefined) => void navigate({ search: (s) => ({ ...s, id: next }), replace: true });
  const step = (by: 1 | -1) => {
    const next = neighbour(ids, id, by);
    if (next !== undefined) open(next);
    if (by === 1 && next === ids.at(-1) && query.hasNextPage) void query.fetchNextPage();
  };
  useKeys(t('moderation.title'), [
    { key: 'j', label: t('moderation.next'), run: () => step(1) },
    { key: 'k', label: t('moderation.previous'), run: () => step(-1) },
    { key: 'Escape', label: t('moderation.close'), run: () => open(undefined), hidden: true },
  ]);

  const change = (next: Partial<Filters>) => void navigate({ search: (s) => ({ ...s, ...next }) });
  return (
    <div className={css.screen} data-open={id !== undefined}>
      <List query={query} comments={comments} filters={filters} selected={id} onSelect={open} onFilter={change} />
      <section className={css.detail} aria-label={t('moderation.detail')}>
        {id === undefined ? (
          <Empty title={t('moderation.pick')} icon={<IconGavel size={26} stroke={1.4} aria-hidden />}>{t('moderation.pick_text')}</Empty>
        ) : (
          <Detail key={id} id={id} ids={ids} onOpen={open} />
        )}
      </section>
    </div>
  );
}
