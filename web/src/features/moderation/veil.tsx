import { Switch } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Comment } from '@/api/types';
import { useVeiled, Veil } from '@/ui/veil';
import { harmful } from './flow';
import css from './moderation.module.css';

export function VeilSwitch() {
  const { t } = useTranslation();
  const [on, set] = useVeiled();
  return <Switch size="xs" label={t('veil.setting')} checked={on} onChange={(e) => set(e.currentTarget.checked)} />;
}

/** What a comment says; veiled where it is harmful, until it is clicked or V is pressed. */
export function Veiled({ comment, keyed = false, children }: { comment: Comment; keyed?: boolean; children: ReactNode }) {
  const { t } = useTranslation();
  return <Veil harmful={harmful(comment) && !comment.own} {...(keyed ? { keyed: t('moderation.this') } : {})}>{children}</Veil>;
}

/** The same in a list, where a click opens the comment. */
export function VeiledLine({ comment, children }: { comment: Comment; children: ReactNode }) {
  const { t } = useTranslation();
  const [on] = useVeiled();
  if (!on || !harmful(comment) || comment.own) return children;
  return <><span className={css.blurred} aria-hidden>{children}</span><span className="sr-only">{t('veil.line')}</span></>;
}
