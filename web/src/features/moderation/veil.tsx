import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Comment } from '@/api/types';
import { isHarmful, Veil, VeiledLine as Line } from '@/ui/veil';

const harmful = (c: Comment) => isHarmful(c.verdict?.harm) && !c.own;

/** What a comment says; veiled where it is harmful, until it is clicked or V is pressed. */
export function Veiled({ comment, keyed = false, children }: { comment: Comment; keyed?: boolean; children: ReactNode }) {
  const { t } = useTranslation();
  return <Veil harmful={harmful(comment)} {...(keyed ? { keyed: t('moderation.this') } : {})}>{children}</Veil>;
}

/** The same in a list, where a click opens the comment. */
export function VeiledLine({ comment, children }: { comment: Comment; children: ReactNode }) {
  return <Line harmful={harmful(comment)}>{children}</Line>;
}
