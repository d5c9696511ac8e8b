import { Switch, UnstyledButton } from '@mantine/core';
import { IconEyeOff } from '@tabler/icons-react';
import { useRef, useState, useSyncExternalStore, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useKeys } from './keys';
import { useNamed } from './named';
import css from './veil.module.css';

const name = 'ponte.veil';
const watchers = new Set<() => void>();
const kept = () => window.localStorage.getItem(name) !== 'off';

/** Whether harmful words and pictures are veiled until they are asked for; kept in this browser. */
export function useVeiled(): [boolean, (on: boolean) => void] {
  const on = useSyncExternalStore((tell) => { watchers.add(tell); return () => watchers.delete(tell); }, kept);
  return [on, (next) => { window.localStorage.setItem(name, next ? 'on' : 'off'); watchers.forEach((tell) => tell()); }];
}

/** Whether words or pictures are such that nobody should meet them unprepared: harm, not spam. */
export const isHarmful = (harm: number | undefined): boolean => (harm ?? 0) >= 0.5;

export function VeilSwitch() {
  const { t } = useTranslation();
  const [on, set] = useVeiled();
  return <Switch size="xs" label={t('veil.setting')} checked={on} onChange={(e) => set(e.currentTarget.checked)} />;
}

/** A veil that somebody else keeps: what scrolls out of the page must not be veiled again when it comes back. */
export interface Lift { shown: boolean; set: (shown: boolean) => void; /** V is for this one now */ next: boolean }

/** Harmful words behind a veil until it is clicked, or V is pressed where keyed names the keys' heading. */
export function Veil({ harmful, keyed, lift, says = 'veil.show', of, children }: { says?: 'veil.show' | 'veil.unseen'; /** whose, where several stand on a screen */ of?: string; harmful: boolean; keyed?: string; lift?: Lift | undefined; children: ReactNode }) {
  const { t } = useTranslation();
  const named = useNamed();
  const [on] = useVeiled();
  const [own, setOwn] = useState(false);
  const [shown, setShown] = lift ? [lift.shown, lift.set] : [own, setOwn];
  const veiled = on && harmful;
  // The button goes with what it did; whoever pressed it stays where they are.
  const pressed = useRef(false);
  const press = (to: boolean) => { pressed.current = true; setShown(to); };
  const keep = (el: HTMLButtonElement | null) => { if (el && pressed.current) { pressed.current = false; el.focus(); } };
  useKeys(keyed ?? '', veiled && keyed ? [{ key: 'v', label: t(shown ? 'veil.hide' : says), run: () => setShown(!shown) }] : []);
  if (!veiled) return children;
  if (shown) return <>{children}<UnstyledButton ref={keep} className={css.unveil} {...(of ? named(t('veil.hide'), of) : {})} onClick={() => press(false)}>{t('veil.hide')}</UnstyledButton></>;
  const key = Boolean(keyed) || lift?.next;
  return (
    <UnstyledButton ref={keep} className={css.veil} {...(of ? named(t(says), of) : {})} onClick={() => press(true)} {...(key ? { 'aria-keyshortcuts': 'v' } : {})}>
      <span className={css.blurred} aria-hidden inert>{children}</span>
      <span className={css.note}><IconEyeOff size={15} aria-hidden />{t(says)}{key && <kbd className={css.key} aria-hidden>v</kbd>}</span>
    </UnstyledButton>
  );
}

/** The same in a line that is a way to the whole: it is opened first, and unveiled there. */
export function VeiledLine({ harmful, children }: { harmful: boolean; children: ReactNode }) {
  const { t } = useTranslation();
  const [on] = useVeiled();
  if (!on || !harmful) return children;
  return <><span className={css.line} aria-hidden>{children}</span><span className="sr-only">{t('veil.line')}</span></>;
}
