import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Comment } from '@/api/types';
import { isHarmful, Veil, VeiledLine as Line } from '@/ui/veil';

const harmful = (c: Comment) => isHarmful(c.verdict?.harm) && !c.own;

/** What a comment says; veiled where it is harmful, until it is clicked or V is pressed. */
export function Veiled({ comment, keyed = false, of, children }: { comment: Comment; keyed?: boolean; /** whose words, where others stand beside them */ of?: string; children: ReactNode }) {
  const { t } = useTranslation();
  return <Veil harmful={harmful(comment)} {...(of ? { of } : {})} {...(keyed ? { keyed: t('moderation.this') } : {})}>{children}</Veil>;
}

/** The same in a list, where a click opens the comment. */
export function VeiledLine({ comment, children }: { comment: Comment; children: ReactNode }) {
  return <Line harmful={harmful(comment)}>{children}</Line>;
}

/** A comment's pictures where nobody has looked at them, neither a model nor who decided on it. */
export function UnseenPicture({ comment, keyed = false, children }: { comment: Comment; keyed?: boolean; children: ReactNode }) {
  const { t } = useTranslation();
  const unseen = !comment.own && !harmful(comment) && comment.verdict?.media === 'not_looked_at' && comment.attachments.some((a) => a.type === 'image' && a.url);
  return <Veil harmful={unseen} says="veil.unseen" {...(keyed ? { keyed: t('moderation.this') } : {})}>{children}</Veil>;
}
