import { ActionIcon, Button, Modal, Select, Textarea, TextInput } from '@mantine/core';
import { IconChevronLeft, IconChevronRight, IconPlus } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useServices } from '@/api/bookings';
import { usePerson } from '@/api/person';
import { useCan } from '@/api/session';
import type { Booking, ContactBrief, Service } from '@/api/types';
import { useConfirm } from '@/ui/confirm';
import { dayOf } from '@/ui/format';
import { PickPerson } from '@/ui/pick-person';
import { Views } from '@/ui/rows';
import { Sep } from '@/ui/sep';
import { serviceOf, titleOf } from '@/ui/services';
import { Failure, Loaded, Loading } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { clockOf, monday, named, plus, type Day } from './days';
import { useBook, useBookings, useCancel, useFree, useMove } from './queries';
import css from './bookings.module.css';

const route = getRouteApi('/bookings');
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A week or a day of bookings, each in the zone of its service. */
export function Calendar() {
  const { t, i18n } = useTranslation();
  const may = useCan('converse');
  const services = useServices();
  const bookable = (services.data?.items.length ?? 0) > 0;
  const zone = services.data?.items[0]?.time_zone ?? here;
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { day = dayOf(new Date(), zone), view = 'week', person } = search;
  const go = (next: Partial<typeof search>) => void navigate({ search: { ...search, ...next }, replace: true });
  const setDay = (d: Day) => go({ day: d });
  const [open, setOpen] = useState<Booking>();
  const [making, setMaking] = useState(false);
  const first = view === 'week' ? monday(day) : day;
  const days = Array.from({ length: view === 'week' ? 7 : 1 }, (_, i) => plus(first, i));
  // A day more on either side, so that every zone's days are whole.
  const bookings = useBookings(`${plus(first, -1)}T00:00:00Z`, `${plus(first, days.length + 1)}T00:00:00Z`);
  const zoneOf = (b: Booking) => services.data?.items.find((s) => s.id === b.service_id)?.time_zone ?? zone;
  const today = dayOf(new Date(), zone);
  return (
    <>
      <div className={css.bar}>
        <h2>{view === 'week' ? t('bookings.week_of', { day: named(first, i18n.language, 'long') }) : named(first, i18n.language, 'long')}</h2>
        <Views bar label={t('bookings.view')} value={view} views={[{ value: 'week', label: t('bookings.week') }, { value: 'day', label: t('bookings.day') }]} onView={(v) => go({ view: v === 'week' ? undefined : v })} />
        <ActionIcon variant="default" size={34} aria-label={t('bookings.before')} onClick={() => setDay(plus(day, view === 'week' ? -7 : -1))}><IconChevronLeft size={17} aria-hidden /></ActionIcon>
        <Button variant="default" onClick={() => setDay(today)}>{t('bookings.today')}</Button>
        <ActionIcon variant="default" size={34} aria-label={t('bookings.after')} onClick={() => setDay(plus(day, view === 'week' ? 7 : 1))}><IconChevronRight size={17} aria-hidden /></ActionIcon>
        {may && <Button leftSection={<IconPlus size={16} aria-hidden />} disabled={!bookable} aria-describedby={bookable ? undefined : 'why-not-book'} onClick={() => setMaking(true)}>{t('bookings.new')}</Button>}
      </div>
      {(!may || (services.data && !bookable)) && <p id="why-not-book" className={css.why}><WhyNot may={may} /></p>}
      {bookings.isPending ? <Loading rows={6} /> : bookings.isError ? <div className="panel"><Failure error={bookings.error} retry={() => void bookings.refetch()} /></div> : (
        <div className={css.week} style={{ '--days': days.length } as React.CSSProperties}>
          {days.map((d) => {
            const list = bookings.data.items.filter((b) => dayOf(b.starts_at, zoneOf(b)) === d);
            return (
              <section key={d} className={css.day} data-today={d === today} data-empty={list.length === 0} aria-label={named(d, i18n.language, 'long')}>
                <h3>{named(d, i18n.language)}</h3>
                {list.length === 0 ? <p className={css.none}>{t('bookings.nothing')}</p> : (
                  <ul>{list.map((b) => (
                    <li key={b.id}><button type="button" className={css.booking} data-state={b.state} onClick={() => setOpen(b)}>
                      <strong>{clockOf(b.starts_at, zoneOf(b))}–{clockOf(b.ends_at, zoneOf(b))}</strong> {b.name || t('bookings.somebody')}<br /><small>{serviceOf(b, services.data?.items, i18n.language)}{b.state === 'held' ? <><Sep />{t('bookings.held')}</> : ''}</small>
                    </button></li>
                  ))}</ul>
                )}
              </section>
            );
          })}
        </div>
      )}
      {open && <Details booking={open} service={serviceOf(open, services.data?.items, i18n.language)} zone={zoneOf(open)} may={may} onClose={() => setOpen(undefined)} />}
      {(making || person) && bookable && <Maker services={services.data?.items ?? []} person={person} onClose={(booked) => { setMaking(false); go({ person: undefined, ...(booked ? { day: dayOf(booked.starts_at, zoneOf(booked)) } : {}) }); }} />}
    </>
  );
}

/** Why nothing can be booked here, and where that is mended. */
function WhyNot({ may }: { may: boolean }) {
  const { t } = useTranslation();
  const sets = useCan('campaign');
  if (!may) return t('bookings.why.role');
  return <>{t('bookings.why.service')} {sets ? <Link to="/bookings" search={{ tab: 'services' }}>{t('bookings.why.add')}</Link> : t('bookings.why.ask')}</>;
}

function Details({ booking, service, zone, may, onClose }: { booking: Booking; service: string; zone: string; may: boolean; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const [moving, setMoving] = useState(false);
  const move = useMove();
  const cancel = useCancel();
  const [ask, dialog] = useConfirm();
  const done = (text: string) => ({ onSuccess: () => { told(text); onClose(); }, onError: failed });
  return (
    <Modal opened closeButtonProps={{ 'aria-label': t('act.close') }} onClose={onClose} title={booking.name || t('bookings.somebody')}>
      <div className={css.form}>
        <p className={css.none}>{named(dayOf(booking.starts_at, zone), i18n.language, 'long')}, {clockOf(booking.starts_at, zone)}–{clockOf(booking.ends_at, zone)} ({zone})</p>
        <p className={css.none}>{service}<Sep />{t('bookings.ref')} <code>{booking.ref}</code><Sep />{t(`bookings.state.${booking.state}`)}{booking.moved > 0 ? <><Sep />{t('bookings.moved', { count: booking.moved })}</> : ''}</p>
        {booking.contact_id && <p className={css.none}><Link to="/contacts/$id" params={{ id: String(booking.contact_id) }} dir="auto">{booking.name || t('bookings.somebody')}</Link></p>}
        {booking.note && <p className="said" dir="auto">{booking.note}</p>}
        {may && booking.state !== 'cancelled' && !moving && (
          <div className={css.bar}>
            <Button variant="default" onClick={() => setMoving(true)}>{t('bookings.move')}</Button>
            <Button variant="light" color="red" onClick={() => ask({ text: t('bookings.cancel_text'), verb: t('bookings.cancel'), run: () => cancel.mutate(booking.id, done(t('bookings.cancelled'))) })}>{t('bookings.cancel')}</Button>
          </div>
        )}
        {moving && <Times service={booking.service_id} label={t('bookings.new_time')} onTake={(starts_at) => move.mutate({ id: booking.id, starts_at }, done(t('bookings.moved_told')))} />}
      </div>
      {dialog}
    </Modal>
  );
}

function Times({ service, label, onTake, taken }: { service: number; label: string; onTake: (at: string) => void; taken?: string | undefined }) {
  const { t, i18n } = useTranslation();
  const [after] = useState(() => new Date().toISOString());
  const free = useFree(service, after);
  return (
    <section aria-label={label}>
      <h3>{label}</h3>
      <Loaded query={free} rows={2}>
        {({ times, time_zone }) => times.length === 0 ? <p className={css.none}>{t('bookings.no_times')}</p> : <div className={css.times}>{times.map((at) => <Button key={at} size="xs" variant={taken === at ? 'filled' : 'default'} aria-pressed={taken === at} onClick={() => onTake(at)}>{named(dayOf(at, time_zone), i18n.language)}, {clockOf(at, time_zone)}</Button>)}</div>}
      </Loaded>
    </section>
  );
}

/** A new booking, for somebody where it was asked for from their page. */
function Maker({ services, person, onClose }: { services: Service[]; person: number | undefined; onClose: (booked?: Booking) => void }) {
  const query = usePerson(person);
  if (person && query.isPending) return null;
  return <Make services={services} first={query.data} onClose={onClose} />;
}

function Make({ services, first, onClose }: { services: Service[]; first: ContactBrief | undefined; onClose: (booked?: Booking) => void }) {
  const { t, i18n } = useTranslation();
  const [service, setService] = useState(services[0]?.id);
  const [at, setAt] = useState<string>();
  const [person, setPerson] = useState(first);
  const [name, setName] = useState('');
  const [note, setNote] = useState('');
  const book = useBook();
  const title = (s: Service) => titleOf(s, i18n.language);
  return (
    <Modal opened closeButtonProps={{ 'aria-label': t('act.close') }} onClose={() => onClose()} title={t('bookings.new')} size="lg">
      <form className={css.form} onSubmit={(e) => { e.preventDefault(); if (service && at) book.mutate({ service_id: service, starts_at: at, name: person ? '' : name, note, ...(person ? { contact_id: person.id } : {}) }, { onSuccess: (made) => { told(t('bookings.booked')); onClose(made); }, onError: failed }); }}>
        <Select label={t('bookings.service')} allowDeselect={false} data={services.map((s) => ({ value: String(s.id), label: title(s) }))} value={service ? String(service) : null} onChange={(v) => { setService(Number(v)); setAt(undefined); }} />
        {service && <Times service={service} label={t('bookings.time')} taken={at} onTake={setAt} />}
        <PickPerson label={t('person.who')} description={t('person.who_hint')} first={first} focus={false} onChange={setPerson} />
        {!person && <TextInput label={t('bookings.name')} required maxLength={120} value={name} onChange={(e) => setName(e.currentTarget.value)} />}
        <Textarea label={t('bookings.note')} maxLength={500} value={note} onChange={(e) => setNote(e.currentTarget.value)} />
        <Button type="submit" loading={book.isPending} disabled={!at || (!person && !name.trim())}>{t('bookings.book')}</Button>
      </form>
    </Modal>
  );
}
