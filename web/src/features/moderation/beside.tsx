import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import type { CommentDetail } from '@/api/types';
import { codeText } from '@/i18n';
import { Ago, Facts, Picture, Tag } from '@/ui/parts';
import { Sep } from '@/ui/sep';
import css from './moderation.module.css';
import { PolicyAtHand } from './policy-at-hand';
import { SecondOpinion } from './second';
import { decisionTone } from './tags';

/** Beside the comment: the post it stands under, its author's record, what was done so far. */
export function Beside({ comment }: { comment: CommentDetail }) {
  const { t, i18n } = useTranslation();
  const n = (count: number) => new Intl.NumberFormat(i18n.language).format(count);
  const { history } = comment;
  const allowed = useCan('moderate');
  return (
    <aside className={css.aside} aria-label={t('moderation.beside')}>
      {comment.post && (
        <div className={`panel ${css.post}`}>
          {comment.post.picture && <Picture src={comment.post.picture} alt={t('moderation.post_picture')} className={css.picture ?? ''} />}
          <div>
            <p className="said" dir="auto" style={{ margin: 0 }}>{comment.post.caption || t('moderation.no_caption')}</p>
            <Link to="/moderation" search={{ queue: 'all', post: comment.post.id }} className={css.more}>{t('moderation.post_all')}</Link>{' '}
            {comment.post.permalink && <Anchor href={comment.post.permalink} target="_blank" rel="noreferrer" className={css.more}>{t('moderation.open_post')}</Anchor>}
          </div>
        </div>
      )}
      <section className={`panel ${css.side}`}>
        <h2>{t('moderation.author')}</h2>
        <Facts rows={[[t('moderation.author_comments'), n(history.author_comments)], [t('moderation.author_hidden'), n(history.author_hidden)], [t('moderation.author_strikes', { days: history.strike_days }), history.strike_days > 0 ? n(history.author_strikes) : ''], [t('moderation.author_messages'), n(history.author_messages)]]} />
        {history.conversation_id > 0 && <Link to="/inbox" search={{ view: 'all', id: history.conversation_id }} className={css.more}>{t('moderation.author_dms')}</Link>}
        {comment.author.contact_id > 0 && <Link to="/moderation" search={{ queue: 'all', contact: comment.author.contact_id }} className={css.more}>{t('moderation.author_all')}</Link>}
      </section>
      {allowed && <SecondOpinion comment={comment} />}
      <PolicyAtHand />
      {history.verdicts.length > 1 && (
        <section className={`panel ${css.side}`}>
          <h2>{t('moderation.verdicts')}</h2>
          <ul className={css.log}>
            {history.verdicts.map((v) => <li key={v.id}><Tag tone={decisionTone[v.decision]}>{t(`decision.${v.decision}`)}</Tag> {t(`tier.${v.tier}`)}<small dir="auto">{v.reasons[0]?.text}</small><small><Ago at={v.created_at} /></small></li>)}
          </ul>
        </section>
      )}
      {comment.log.length > 0 && (
        <section className={`panel ${css.side}`}>
          <h2>{t('moderation.log')}</h2>
          <ul className={css.log}>
            {comment.log.map((l, i) => <li key={i}>{codeText('log', l.what)}<small>{l.actor}<Sep /><Ago at={l.at} /></small></li>)}
          </ul>
        </section>
      )}
    </aside>
  );
}
