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
  const { t } = useTranslation();
  const v = comment.verdict;
  if (!v) {
    return <section className={`panel ${css.verdict}`}><span>{comment.own ? t('verdict.own') : t('verdict.none')}</span>{comment.event_reason && <small>{said(comment.event_reason_parts, comment.event_reason)}</small>}</section>;
  }
  const kinds = topScores(v.scores, 4).filter(([, n]) => n >= 0.01);
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
      <Scores label={t('verdict.groups')} rows={[[t('verdict.group.harm'), v.harm], [t('verdict.group.spam'), v.spam]]} />
      {kinds.length > 0 && (
        <div>
          <Scores label={t('verdict.kinds')} rows={kinds.map(([name, n]) => [codeText('category', name), n])} />
          <small>{t('verdict.kinds_text')}</small>
        </div>
      )}
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

function Scores({ label, rows }: { label: string; rows: [string, number][] }) {
  const { i18n } = useTranslation();
  return (
    <div>
      <h3 className={css.scoreHead}>{label}</h3>
      <dl className={css.scores}>
        {rows.map(([name, n]) => (
          <div key={name} className={css.score}>
            <dt className="clip">{name}</dt>
            <dd><span className={css.track} aria-hidden><i data-high={n >= 0.7} style={{ width: `${n * 100}%` }} /></span>{percent(n, i18n.language)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
