import { IconArrowLeft } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import { PageBody, PageHead } from '@/ui/parts';
import { Views } from '@/ui/rows';
import css from './consent.module.css';
import { FormOfTheWebsite } from './form';
import { Rules } from './rules';
import { Waiting } from './waiting';
import { Wordings } from './wordings';

const route = getRouteApi('/consent/asking');
export type AskingView = 'wordings' | 'waiting' | 'form' | 'rules';

/** How people are asked: the wordings, the form of the website, who has still to confirm, and how long it all holds. */
export default function Asking() {
  const { t } = useTranslation();
  const configure = useCan('configure');
  const converse = useCan('converse');
  const audit = useCan('audit');
  const navigate = route.useNavigate();
  const views: AskingView[] = ['wordings', ...(converse ? ['waiting' as const] : []), ...(configure ? ['form' as const, 'rules' as const] : [])];
  const wanted = route.useSearch().view ?? 'wordings';
  const view = views.includes(wanted) ? wanted : 'wordings';
  return (
    <PageBody>
      {audit && <p className={css.back}><Link to="/consent"><IconArrowLeft size={15} aria-hidden />{t('ledger.title')}</Link></p>}
      <PageHead title={t('asking.title')}>{t('asking.lead')}</PageHead>
      <Views of={t('asking.title')} value={view} onView={(v) => void navigate({ search: { view: v === 'wordings' ? undefined : v }, replace: true })} views={views.map((v) => ({ value: v, label: t(`asking.${v}`) }))} />
      {view === 'wordings' && <Wordings />}
      {view === 'waiting' && <Waiting />}
      {view === 'form' && <FormOfTheWebsite />}
      {view === 'rules' && <Rules />}
    </PageBody>
  );
}
