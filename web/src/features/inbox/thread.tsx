import { Button } from '@mantine/core';
import { IconArrowDown } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ConversationDetail, Message } from '@/api/types';
import { day } from '@/ui/format';
import { useKeys } from '@/ui/keys';
import { Failure, Loading } from '@/ui/states';
import { useVeiled, type Lift } from '@/ui/veil';
import { NoteTurn, StepLine } from './beside-words';
import { useNotes, useScheduled, useSteps } from './desk';
import css from './inbox.module.css';
import { allOf, guessHeight } from './said';
import { calledIn, entries, weave, type Woven } from './talk';
import { harms, Turn, veils } from './turn';
import { useSaid } from './use-said';

type Messages = ReturnType<typeof useSaid>;

/** What was said, the newest at the foot. Only what is seen stands in the page, however long the thread is. */
export function Thread({ c, at }: { c: ConversationDetail; at?: number | undefined }) {
  const said = useSaid(c.id);
  const notes = useNotes(c.id).data;
  const steps = useSteps(c.id).data;
  const later = useScheduled(c.id).data;
  const { query } = said;
  const whole = query.data?.whole ?? false;
  const drawn = useMemo(() => {
    // What waits for its time stands beside the thread, not in it.
    const spoken = allOf(query.data).filter((m) => !later?.items.some((r) => r.id === m.action?.id));
    return weave(entries(spoken), notes?.items ?? [], steps?.items ?? [], whole);
  }, [query.data, notes, steps, later, whole]);
  if (query.isPending) return <div className={css.thread}><Loading rows={5} /></div>;
  if (query.isError && drawn.length === 0) return <div className={css.thread}><Failure error={query.error} retry={() => void query.refetch()} /></div>;
  return (
    <>
      <Scroll c={c} drawn={drawn} said={said} whole={whole} at={at} />
      <Heard messages={allOf(query.data)} name={calledIn(c)} />
    </>
  );
}

const nearTop = 12; // entries from the first one at which older ones are read
const nearEnd = 80; // pixels from the foot that count as being there

interface ScrollProps { c: ConversationDetail; drawn: Woven[]; said: Messages; whole: boolean; at: number | undefined }

function Scroll({ c, drawn, said, whole, at }: ScrollProps) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const followRef = useRef(true);
  const [away, setAway] = useState(false);
  const rows = useVirtualizer({
    count: drawn.length, getScrollElement: () => box.current, getItemKey: (i) => drawn[i]?.key ?? i, overscan: 6, anchorTo: 'end', followOnAppend: true, scrollEndThreshold: nearEnd, paddingStart: 12, paddingEnd: 12,
    estimateSize: (i) => guess(drawn[i], box.current?.clientWidth ?? 600),
    initialOffset: () => Number.MAX_SAFE_INTEGER,
  });
  const jumping = at !== undefined;
  useLayoutEffect(() => { if (!jumping) rows.scrollToEnd(); }, [rows, jumping]);
  useKeptFoot(box, followRef, rows);
  const last = useRef({ top: 0, height: 0 });
  const marked = useJump(at, drawn, said, rows, followRef);

  const items = rows.getVirtualItems();
  const known = useMemo(() => drawn.some((e) => e.kind === 'message' && e.message.author === 'member'), [drawn]);
  const lift = useLifts(drawn, known, rows.range); // after the items, which say what is in sight
  const first = items[0]?.index ?? 0;
  const { older, seen, fetching, failed } = said;
  useEffect(() => { if (first < nearTop && !whole && !fetching && !failed && drawn.length > 0) void older(); }, [first, whole, fetching, failed, drawn.length, older]);
  const shown = items.map((i) => drawn[i.index]).filter((e) => e?.kind === 'message');
  const head = shown[0]?.kind === 'message' ? shown[0].message.id : 0;
  const foot = shown.at(-1)?.kind === 'message' ? (shown.at(-1) as { message: Message }).message.id : 0;
  const stale = said.query.dataUpdatedAt;
  useEffect(() => { if (head) seen(head); if (foot && foot !== head) seen(foot); }, [head, foot, stale, seen]);

  const onScroll = () => {
    const el = box.current;
    if (!el) return;
    // Only somebody who goes up leaves the foot; what is measured or grows below moves nobody away from it.
    if (el.scrollHeight - el.scrollTop - el.clientHeight <= nearEnd) followRef.current = true;
    else if (el.scrollTop < last.current.top - 2 && el.scrollHeight === last.current.height) followRef.current = false;
    last.current = { top: el.scrollTop, height: el.scrollHeight };
    setAway(rows.getDistanceFromEnd() > 600);
  };
  const spoken = drawn.filter((e) => e.kind === 'message').length;
  let place = drawn.slice(0, first).filter((e) => e.kind === 'message').length;
  return (
    <div className={css.threadBox}>
      {/* Turns come into the page as one scrolls: what is new is read out by Heard, not by this region. */}
      <div ref={box} className={css.thread} tabIndex={0} role="log" aria-live="off" aria-busy={fetching} aria-label={t('inbox.messages')} onScroll={onScroll}>
        {failed && !whole && <Button variant="subtle" size="compact-sm" loading={fetching} onClick={() => void older()} className={css.olderButton ?? ''}>{t('inbox.earlier')}</Button>}
        <div className={css.turns} style={{ height: rows.getTotalSize() }}>
          {items.map((row) => {
            const e = drawn[row.index];
            if (!e) return null;
            if (e.kind === 'message') place++;
            return (
              <div key={row.key} ref={rows.measureElement} data-index={row.index} className={css.slot} data-marked={e.key === marked || undefined} style={{ transform: `translateY(${row.start}px)` }}>
                <Line e={e} c={c} known={known} lift={lift} place={place} of={whole ? spoken : -1} />
              </div>
            );
          })}
        </div>
      </div>
      {away && <Button className={css.toEnd ?? ''} size="compact-sm" variant="default" leftSection={<IconArrowDown size={15} aria-hidden />} onClick={() => { followRef.current = true; rows.scrollToEnd(); }}>{t('inbox.to_newest')}</Button>}
    </div>
  );
}

function guess(e: Woven | undefined, width: number): number {
  if (e?.kind === 'message') return guessHeight(e.message, e.follows, width);
  return e?.kind === 'note' ? 90 : 38;
}

function Line({ e, c, known, lift, place, of }: { known: boolean; e: Woven; c: ConversationDetail; lift: (id: number) => Lift; place: number; of: number }) {
  const { i18n } = useTranslation();
  switch (e.kind) {
    case 'day': return <div className={css.day}>{day(e.at, i18n.language)}</div>;
    case 'note': return <NoteTurn note={e.note} conversation={c.id} />;
    case 'step': return <StepLine step={e.step} />;
    case 'message': return <Turn m={e.message} known={known} lift={lift(e.message.id)} follows={e.follows} name={calledIn(c)} place={place} of={of} />;
  }
}

type Rows = ReturnType<typeof useVirtualizer<HTMLDivElement, Element>>;

/** The veils that were lifted, however far one scrolls. V lifts the newest one in sight; where none is left, it lowers them again. */
function useLifts(drawn: Woven[], known: boolean, range: Rows['range']): (id: number) => Lift {
  const { t } = useTranslation();
  const [on] = useVeiled();
  const [lifted, setLifted] = useState<ReadonlySet<number>>(new Set());
  const set = (id: number, shown: boolean) => setLifted((old) => (shown ? new Set([...old, id]) : new Set([...old].filter((x) => x !== id))));
  const { startIndex, endIndex } = range ?? { startIndex: 0, endIndex: -1 };
  const inSight = drawn.slice(startIndex, endIndex + 1).flatMap((e) => (e.kind === 'message' && veils(e.message, known) ? [e.message] : []));
  const above = inSight.filter((m) => !lifted.has(m.id)).at(-1);
  const next = above?.id;
  useKeys(t('inbox.this'), on && inSight.length > 0 ? [{ key: 'v', label: t(above === undefined ? 'veil.hide' : harms(above) ? 'veil.show' : 'veil.unseen'), run: () => (next === undefined ? setLifted(new Set()) : set(next, true)) }] : []);
  return (id) => ({ shown: lifted.has(id), set: (shown) => set(id, shown), next: id === next });
}

/** Keeps the newest in view when the room for the thread changes – suggestions come, a draft grows, a phone is turned – or turns are measured. */
function useKeptFoot(box: React.RefObject<HTMLDivElement | null>, followRef: React.RefObject<boolean>, rows: Rows) {
  const height = rows.getTotalSize();
  useLayoutEffect(() => { if (followRef.current) rows.scrollToEnd(); }, [height, followRef, rows]);
  useEffect(() => {
    const el = box.current;
    if (!el) return;
    const watch = new ResizeObserver(() => { if (followRef.current) rows.scrollToEnd(); });
    watch.observe(el);
    return () => watch.disconnect();
  }, [box, followRef, rows]);
}

/** Goes to a message once, reading back as far as it takes; says which line to mark. */
function useJump(at: number | undefined, drawn: Woven[], said: Messages, rows: Rows, followRef: React.RefObject<boolean>): string {
  const gone = useRef<number | undefined>(undefined);
  const { reach } = said;
  const index = at === undefined ? -1 : drawn.findIndex((e) => e.key === `m-${at}`);
  useEffect(() => { if (at !== undefined && gone.current !== at) void reach(at); }, [at, reach]);
  useEffect(() => {
    if (at === undefined || index < 0 || gone.current === at) return;
    gone.current = at;
    followRef.current = false;
    rows.scrollToIndex(index, { align: 'center' });
  }, [at, index, rows, followRef]);
  return at === undefined ? '' : `m-${at}`;
}

/** Tells a screen reader what the customer just wrote, and nothing of what scrolling brings. */
function Heard({ messages, name }: { messages: Message[]; name: string }) {
  const { t } = useTranslation();
  const last = messages.at(-1);
  const [from] = useState(last?.id);
  const [on] = useVeiled();
  const news = last && last.id !== from && last.direction === 'in' ? (on && harms(last) ? t('inbox.heard_veiled', { name }) : t('inbox.heard', { name, text: last.text || t('inbox.no_text') })) : '';
  return <div className="sr-only" role="status" aria-live="polite">{news}</div>;
}
