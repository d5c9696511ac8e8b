import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import { HoursEditor } from '@/ui/hours';
import { PageBody, PageHead } from '@/ui/parts';
import { Views } from '@/ui/rows';
import { Calendar } from './calendar';
import { Services } from './services';

const route = getRouteApi('/bookings');
const tabs = ['calendar', 'services', 'hours'] as const;

/** What is booked, what can be booked, and when somebody is there. */
export default function Bookings() {
  const { t } = useTranslation();
  const configure = useCan('configure');
  const { tab = 'calendar' } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <PageBody>
      <PageHead title={t('bookings.title')}>{t('bookings.lead')}</PageHead>
      <Views of={t('bookings.title')} value={tab} views={tabs.map((v) => ({ value: v, label: t(`bookings.${v}`) }))} onView={(v) => void navigate({ search: v === 'calendar' ? {} : { tab: v }, replace: true })} />
      {tab === 'calendar' ? <Calendar /> : tab === 'services' ? <Services /> : <HoursEditor may={configure} />}
    </PageBody>
  );
}
