import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import css from './moderation.module.css';

/** The three looks at moderation: what waits, what the machine did, where people and machine disagree. */
export function ScreenTabs() {
  const { t } = useTranslation();
  const supervises = useCan('supervise');
  const active = { className: css.tabOn ?? '' };
  return (
    <nav className={css.tabs} aria-label={t('moderation.views')}>
      <Link to="/moderation" activeOptions={{ exact: true, includeSearch: false }} activeProps={active}>{t('moderation.queue')}</Link>
      <Link to="/moderation/today" activeProps={active}>{t('today.tab')}</Link>
      {supervises && <Link to="/moderation/disagreements" activeProps={active}>{t('disagree.tab')}</Link>}
    </nav>
  );
}
