import { UnstyledButton } from '@mantine/core';
import { IconEyeOff } from '@tabler/icons-react';
import { useState, useSyncExternalStore, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useKeys } from './keys';
import css from './veil.module.css';

const name = 'ponte.veil';
const watchers = new Set<() => void>();
const kept = () => window.localStorage.getItem(name) !== 'off';

/** Whether harmful words and pictures are veiled until they are asked for; kept in this browser. */
export function useVeiled(): [boolean, (on: boolean) => void] {
  const on = useSyncExternalStore((tell) => { watchers.add(tell); return () => watchers.delete(tell); }, kept);
  return [on, (next) => { window.localStorage.setItem(name, next ? 'on' : 'off'); watchers.forEach((tell) => tell()); }];
}

/** Harmful words behind a veil until it is clicked, or V is pressed where keyed names the keys' heading. */
export function Veil({ harmful, keyed, children }: { harmful: boolean; keyed?: string; children: ReactNode }) {
  const { t } = useTranslation();
  const [on] = useVeiled();
  const [shown, setShown] = useState(false);
  const veiled = on && harmful;
  useKeys(keyed ?? '', veiled && keyed ? [{ key: 'v', label: t(shown ? 'veil.hide' : 'veil.show'), run: () => setShown(!shown) }] : []);
  if (!veiled) return children;
  if (shown) return <>{children}<UnstyledButton className={css.unveil} onClick={() => setShown(false)}>{t('veil.hide')}</UnstyledButton></>;
  return (
    <UnstyledButton className={css.veil} onClick={() => setShown(true)} {...(keyed ? { 'aria-keyshortcuts': 'v' } : {})}>
      <span className={css.blurred} aria-hidden inert>{children}</span>
      <span className={css.note}><IconEyeOff size={15} aria-hidden />{t('veil.show')}{keyed && <kbd className={css.key} aria-hidden>v</kbd>}</span>
    </UnstyledButton>
  );
}
