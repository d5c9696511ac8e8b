import { Switch, UnstyledButton } from '@mantine/core';
import { IconEyeOff } from '@tabler/icons-react';
import { useState, useSyncExternalStore, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Comment } from '@/api/types';
import { useKeys } from '@/ui/keys';
import { harmful } from './flow';
import css from './moderation.module.css';

const name = 'ponte.veil';
const watchers = new Set<() => void>();
const kept = () => window.localStorage.getItem(name) !== 'off';

/** Whether harmful words and pictures are veiled until they are asked for; kept in this browser. */
export function useVeiled(): [boolean, (on: boolean) => void] {
  const on = useSyncExternalStore((tell) => { watchers.add(tell); return () => watchers.delete(tell); }, kept);
  return [on, (next) => { window.localStorage.setItem(name, next ? 'on' : 'off'); watchers.forEach((tell) => tell()); }];
}

export function VeilSwitch() {
  const { t } = useTranslation();
  const [on, set] = useVeiled();
  return <Switch size="xs" label={t('veil.setting')} checked={on} onChange={(e) => set(e.currentTarget.checked)} />;
}

/** What a comment says; veiled where it is harmful, until it is clicked or V is pressed. */
export function Veiled({ comment, keyed = false, children }: { comment: Comment; keyed?: boolean; children: ReactNode }) {
  const { t } = useTranslation();
  const [on] = useVeiled();
  const [shown, setShown] = useState(false);
  const veiled = on && harmful(comment) && !comment.own;
  useKeys(t('moderation.this'), veiled && keyed ? [{ key: 'v', label: t(shown ? 'veil.hide' : 'veil.show'), run: () => setShown(!shown) }] : []);
  if (!veiled) return children;
  if (shown) return <>{children}<UnstyledButton className={css.unveil} onClick={() => setShown(false)}>{t('veil.hide')}</UnstyledButton></>;
  return (
    <UnstyledButton className={css.veil} onClick={() => setShown(true)} {...(keyed ? { 'aria-keyshortcuts': 'v' } : {})}>
      <span className={css.blurred} aria-hidden inert>{children}</span>
      <span className={css.veilNote}><IconEyeOff size={15} aria-hidden />{t('veil.show')}{keyed && <kbd className={css.key} aria-hidden>v</kbd>}</span>
    </UnstyledButton>
  );
}

/** The same in a list, where a click opens the comment. */
export function VeiledLine({ comment, children }: { comment: Comment; children: ReactNode }) {
  const { t } = useTranslation();
  const [on] = useVeiled();
  if (!on || !harmful(comment) || comment.own) return children;
  return <><span className={css.blurred} aria-hidden>{children}</span><span className="sr-only">{t('veil.line')}</span></>;
}
