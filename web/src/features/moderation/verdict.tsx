import { useTranslation } from 'react-i18next';
import type { CommentDetail } from '@/api/types';
import { said } from '@/i18n/said';
import { codeText } from '@/i18n';
import { percent } from '@/ui/format';
import { Ago, Facts, Tag } from '@/ui/parts';
import { topScores } from './flow';
import css from './moderation.module.css';
import { decisionTone } from './tags';

/** What is taken away is answered by nobody: what it may want is noise. */
const removes = (decision: string): boolean => decision === 'hide' || decision === 'delete';

/** What moderation says of it, why, and which versions said so. */
export function VerdictPanel({ comment }: { comment: CommentDetail }) {
  const { t, i18n } = useTranslation();
  const v = comment.verdict;
  if (!v) {
    return <section className={`panel ${css.verdict}`}><span>{comment.own ? t('verdict.own') : t('verdict.none')}</span>{comment.event_reason && <small>{said(comment.event_reason_parts, comment.event_reason)}</small>}</section>;
  }
  return (
    <section className={`panel ${css.verdict}`} aria-label={t('verdict.title')}>
      <div className={css.verdictHead}>
        <strong>{t('verdict.title')}</strong>
        <Tag tone={decisionTone[v.decision]}>{t(`decision.${v.decision}`)}</Tag>
        <Tag>{t(`tier.${v.tier}`)}</Tag>
        {v.provisional && <Tag tone="bot">{t('moderation.provisional')}</Tag>}
        {v.intent && !removes(v.decision) && <Tag>{codeText('intent', v.intent)}</Tag>}
        {v.sentiment && <Tag>{codeText('sentiment', v.sentiment)}</Tag>}
      </div>
      {v.reasons.length > 0 && <ul>{v.reasons.map((r, i) => <li key={i}>{said(r.parts, r.text) || codeText('reason', r.code)}</li>)}</ul>}
      {comment.review?.why && !v.reasons.some((r) => r.text === comment.review?.why) && <div><strong>{t('verdict.why_review')}</strong> {codeText('review_why', comment.review.why)}</div>}
      <div>
        {topScores(v.scores).map(([name, n]) => (
          <div key={name} className={css.score}>
            <span className="clip">{codeText('category', name)}</span>
            <span className={css.track} aria-hidden><i data-high={n >= 0.7} style={{ width: `${n * 100}%` }} /></span>
            <span>{percent(n, i18n.language)}</span>
          </div>
        ))}
      </div>
      <Facts rows={[
        [t('verdict.at'), <Ago key="at" at={v.created_at} />],
        [t('verdict.model'), v.model_version],
        [t('verdict.rules'), v.rules_version],
        [t('verdict.policy'), v.policy_version],
        [t('verdict.prompt'), v.prompt_version],
        [t('verdict.outcome'), said(comment.event_reason_parts, comment.event_reason)],
      ]} />
    </section>
  );
}
