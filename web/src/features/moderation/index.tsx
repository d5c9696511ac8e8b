import { getRouteApi } from '@tanstack/react-router';
import { IconGavel } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import { useBeside } from '@/ui/beside';
import { useKeys } from '@/ui/keys';
import { Empty } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { useTouch } from '@/ui/touch';
import { Detail } from './detail';
import { afterDecision, neighbour } from './flow';
import { List } from './list';
import { MarkedBar, useMarks } from './marked';
import css from './moderation.module.css';
import { useAct, useComments, type Decided, type Filters, type Verb } from './queries';

const route = getRouteApi('/moderation');

/** The moderation queue: a list, and one comment with all that is known of it. */
export default function Moderation() {
  const { t } = useTranslation();
  const touch = useTouch();
  const { id, ...filters } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useComments(filters);
  const comments = query.data?.pages.flatMap((p) => p.items) ?? [];
  const ids = comments.map((c) => c.id);

  const open = useBeside(id !== undefined, (next, replace) => void navigate({ search: (s) => ({ ...s, id: next }), replace }));
  // What was decided last, as long as the queue has gone on by itself: that is what "take back" means then, and not the next comment.
  const [last, setLast] = useState<Decided>();
  const { mutate: act } = useAct();
  const takeBack = (comment: Decided) => act({ verb: 'undo', comment }, { onSuccess: () => { told(t('moderation.done.undo')); open(comment.id); }, onError: failed, onSettled: () => setLast(undefined) });
  const decided = (verb: Verb, comment: Decided, goOn: boolean) => {
    told(t(`moderation.done.${verb}`), () => takeBack(comment));
    if (!goOn) return;
    setLast(comment);
    open(afterDecision(ids, comment.id));
  };
  const pick = (next: number | undefined) => {
    setLast(undefined);
    open(next);
  };
  const step = (by: 1 | -1) => {
    const next = neighbour(ids, id, by);
    if (next !== undefined) pick(next);
    if (by === 1 && next === ids.at(-1) && query.hasNextPage) void query.fetchNextPage();
  };
  const { marked, clear, keys, mark } = useMarks(comments, id, useCan('moderate'));
  useKeys(t('moderation.title'), [
    { key: 'j', label: t('moderation.next'), run: () => step(1) },
    { key: 'k', label: t('moderation.previous'), run: () => step(-1) },
    ...keys,
    ...(last ? [{ key: 'z', label: t('moderation.undo_last'), run: () => takeBack(last) }] : []),
    ...(marked.length > 0 ? [] : [{ key: 'Escape', label: t('moderation.close'), run: () => pick(undefined), hidden: true }]),
  ]);

  const change = (next: Partial<Filters>) => void navigate({ search: (s) => ({ ...s, ...next }) });
  return (
    <div className={css.screen} data-open={id !== undefined}>
      <List query={query} comments={comments} filters={filters} selected={id} marked={marked} onMark={mark} onSelect={pick} onFilter={change} foot={marked.length > 0 && <MarkedBar marked={marked} onClear={clear} />} />
      <section className={css.detail} aria-label={t('moderation.detail')}>
        {id === undefined ? (
          <Empty title={t('moderation.pick')} icon={<IconGavel size={26} stroke={1.4} aria-hidden />}>{t(touch ? 'moderation.pick_touch' : 'moderation.pick_text')}</Empty>
        ) : (
          <Detail key={id} id={id} ids={ids} together={marked.length > 0} onOpen={pick} onDecided={decided} {...(last ? { onTakeBack: () => takeBack(last) } : {})} />
        )}
      </section>
    </div>
  );
}
