import { useRef, useState, type CSSProperties, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import css from './flows.module.css';

const least = 20;
const most = 80;
const middle = 55;
const storageKey = 'ponte.flow.split';

const within = (share: number) => Math.min(most, Math.max(least, Math.round(share)));

/** How much of the width the first part had last time in this browser. */
function remembered(): number {
  const kept = Number(localStorage.getItem(storageKey));
  return kept > 0 ? within(kept) : middle;
}

const moves: Record<string, (at: number) => number> = { ArrowLeft: (at) => at - 4, ArrowRight: (at) => at + 4, Home: () => least, End: () => most, Enter: () => middle };

/** Two parts side by side with a splitter between them, for mouse, finger and arrow keys; below each other where there is no room. */
export function Split({ first, second }: { first: ReactNode; second: ReactNode }) {
  const { t } = useTranslation();
  const [at, setAt] = useState(remembered);
  const box = useRef<HTMLDivElement>(null);
  const move = (share: number) => {
    const to = within(share);
    setAt(to);
    localStorage.setItem(storageKey, String(to));
  };
  const drag = (e: PointerEvent<HTMLDivElement>) => {
    if (!box.current || !e.currentTarget.hasPointerCapture(e.pointerId)) return;
    const { left, width } = box.current.getBoundingClientRect();
    move(((e.clientX - left) / width) * 100);
  };
  const press = (e: KeyboardEvent) => {
    const to = moves[e.key];
    if (!to) return;
    e.preventDefault();
    move(to(at));
  };
  return (
    <div ref={box} className={css.split} style={{ '--first': `${at}fr`, '--second': `${100 - at}fr` } as CSSProperties}>
      {first}
      <div role="separator" tabIndex={0} className={css.splitter} aria-label={t('flows.splitter')} aria-orientation="vertical" aria-valuemin={least} aria-valuemax={most} aria-valuenow={at}
        onKeyDown={press} onDoubleClick={() => move(middle)} onPointerDown={(e) => { e.preventDefault(); e.currentTarget.focus(); e.currentTarget.setPointerCapture(e.pointerId); }} onPointerMove={drag} />
      {second}
    </div>
  );
}
