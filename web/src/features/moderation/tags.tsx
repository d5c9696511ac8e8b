import { useTranslation } from 'react-i18next';
import type { Comment, Decision } from '@/api/types';
import { codeText } from '@/i18n';
import { Tag, type Tone } from '@/ui/parts';
import { topScores } from './flow';

export const decisionTone: Record<Decision, Tone> = { allow: 'good', review: 'warn', hide: 'bad', delete: 'bad', spam: 'warn', block: 'bad' };

/** What the list says about a comment in a few words: state, what speaks against it, what is under way. */
export function CommentTags({ c }: { c: Comment }) {
  const { t } = useTranslation();
  const top = c.verdict ? topScores(c.verdict.scores, 1).filter(([, n]) => n >= 0.3)[0] : undefined;
  const waiting = c.actions.find((a) => a.state === 'planned' && a.kind === 'comment.delete');
  return (
    <>
      {c.own && <Tag tone="accent">{t('comment.own')}</Tag>}
      {c.state !== 'visible' && <Tag tone="bad">{t(`comment_state.${c.state}`)}</Tag>}
      {waiting && <Tag tone="bad">{t('moderation.deleting')}</Tag>}
      {c.decision && c.state === 'visible' && !waiting && <Tag tone={decisionTone[c.decision]}>{t(`decision.${c.decision}`)}</Tag>}
      {c.verdict?.provisional && <Tag tone="bot">{t('moderation.provisional')}</Tag>}
      {top && <Tag>{codeText('category', top[0])}</Tag>}
      {c.verdict?.intent && !top && <Tag>{codeText('intent', c.verdict.intent)}</Tag>}
    </>
  );
}
