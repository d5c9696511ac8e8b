import { Tabs } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import { HoursEditor } from '@/ui/hours';
import { PageBody, PageHead } from '@/ui/parts';
import { Calendar } from './calendar';
import { Services } from './services';

const route = getRouteApi('/bookings');

/** What is booked, what can be booked, and when somebody is there. */
export default function Bookings() {
  const { t } = useTranslation();
  const configure = useCan('configure');
  const { tab = 'calendar' } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <PageBody>
      <PageHead title={t('bookings.title')}>{t('bookings.lead')}</PageHead>
      <Tabs value={tab} onChange={(v) => void navigate({ search: v === 'services' || v === 'hours' ? { tab: v } : {}, replace: true })} keepMounted={false}>
        <Tabs.List mb="md"><Tabs.Tab value="calendar">{t('bookings.calendar')}</Tabs.Tab><Tabs.Tab value="services">{t('bookings.services')}</Tabs.Tab><Tabs.Tab value="hours">{t('bookings.hours')}</Tabs.Tab></Tabs.List>
        <Tabs.Panel value="calendar"><Calendar /></Tabs.Panel>
        <Tabs.Panel value="services"><Services /></Tabs.Panel>
        <Tabs.Panel value="hours"><HoursEditor may={configure} /></Tabs.Panel>
      </Tabs>
    </PageBody>
  );
}
