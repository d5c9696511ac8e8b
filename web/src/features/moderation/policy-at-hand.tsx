import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '@/api/client';
import type { Policy } from '@/api/types';
import css from './moderation.module.css';

/** The brand's policy in words beside the comment, so that nobody decides from memory. */
export function PolicyAtHand() {
  const { t } = useTranslation();
  const policy = useQuery({ queryKey: ['policy'], queryFn: () => unwrap<Policy>(api.GET('/policy')), staleTime: 60_000 }).data;
  if (!policy) return null;
  return (
    <details className={`panel ${css.side}`}>
      <summary className={css.summary}>{t('policies.at_hand')}</summary>
      <p className="said" dir="auto">{policy.text || t('policies.no_text')}</p>
      <Link to="/policies" className={css.more}>{t('policies.open')}</Link>
    </details>
  );
}
