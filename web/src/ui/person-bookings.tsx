import { Button } from '@mantine/core';
import { IconCalendarEvent, IconCalendarPlus } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { usePersonBookings, useServices } from '@/api/bookings';
import { useCan } from '@/api/session';
import type { Booking } from '@/api/types';
import { useNow } from './clock';
import { dateTime, dayOf } from './format';
import css from './parts.module.css';
import { Dotted } from './sep';
import { serviceOf } from './services';
import { Failure, Loading } from './states';

/** What a person has booked, what comes first, and the way to book for them. */
export function PersonBookings({ contact }: { contact: number }) {
  const { t } = useTranslation();
  const converse = useCan('converse');
  const query = usePersonBookings(contact);
  const now = useNow();
  const bookable = (useServices().data?.items.length ?? 0) > 0;
  if (query.isPending) return <Loading rows={1} />;
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  const coming = query.data.items.filter((b) => b.state !== 'cancelled' && Date.parse(b.ends_at) > now);
  const gone = query.data.items.filter((b) => !coming.includes(b)).reverse().slice(0, 3);
  return (
    <>
      {coming.length + gone.length === 0 ? <p className={css.plain}>{t('person.bookings_none')}</p> : <ul className="entries">{[...coming, ...gone].map((b) => <Line key={b.id} b={b} past={!coming.includes(b)} />)}</ul>}
      {converse && bookable && <Button mt={8} size="compact-sm" variant="default" leftSection={<IconCalendarPlus size={14} aria-hidden />} renderRoot={(p) => <Link to="/bookings" search={{ person: contact }} {...p} />}>{t('person.book')}</Button>}
    </>
  );
}

function Line({ b, past }: { b: Booking; past: boolean }) {
  const { t, i18n } = useTranslation();
  const services = useServices().data?.items;
  const zone = services?.find((s) => s.id === b.service_id)?.time_zone;
  const said: (string | undefined)[] = [serviceOf(b, services, i18n.language), b.state === 'cancelled' ? t('person.cancelled') : b.state === 'held' ? t('person.held') : past ? t('person.past') : '', b.note];
  return (
    <li>
      <IconCalendarEvent size={17} stroke={1.7} aria-hidden />
      <div style={{ minWidth: 0 }}><Link to="/bookings" search={{ day: dayOf(b.starts_at, zone) }}>{dateTime(b.starts_at, i18n.language, zone)}</Link><small dir="auto"><Dotted of={said} /></small></div>
    </li>
  );
}
