import { Button, Group, Modal, NumberInput, Switch, TextInput } from '@mantine/core';
import { IconCalendarPlus, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import { useServices } from '@/api/bookings';
import { useMissed } from '@/api/flows';
import { useCan, useMe } from '@/api/session';
import type { Service, ServiceInput } from '@/api/types';
import { useConfirm } from '@/ui/confirm';
import { languageName } from '@/ui/format';
import { Table, Tag } from '@/ui/parts';
import { titleOf } from '@/ui/services';
import { Empty, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { usualHours } from '@/ui/week';
import { WeekHours } from '@/ui/week-hours';
import { useRemoveService, useSaveService } from './queries';
import css from './bookings.module.css';

/** What can be booked. */
export function Services() {
  const { t, i18n } = useTranslation();
  const may = useCan('campaign');
  const list = useServices();
  const remove = useRemoveService();
  const missed = useMissed('services');
  const [open, setOpen] = useState<Service | 'new'>();
  const [ask, dialog] = useConfirm();
  const create = may && <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpen('new')}>{t('bookings.new_service')}</Button>;
  const title = (s: Service) => titleOf(s, i18n.language);
  return (
    <>
      <div className={css.bar}><h2>{t('bookings.services')}</h2>{create}</div>
      <Loaded query={list}>
        {({ items }) => items.length === 0 ? <div className="panel"><Empty title={t('bookings.no_services')} icon={<IconCalendarPlus size={26} stroke={1.4} aria-hidden />}>{t('bookings.no_services_text')}</Empty></div> : (
          <Table label={t('bookings.services')} head={[t('bookings.service'), t('bookings.minutes'), t('bookings.capacity'), t('bookings.hours'), '']}>
            {items.map((s) => (
              <tr key={s.id}>
                <td>{title(s)}<br /><small><code>{s.key}</code></small></td><td>{s.minutes}</td><td>{s.capacity}</td>
                <td>{s.bookable ? `${s.hours ? t('bookings.own_hours') : t('bookings.shared_hours')} (${s.time_zone})` : <Tag tone="warn">{t('bookings.not_bookable')}</Tag>}</td>
                <td>{may && <><Button size="compact-sm" variant="subtle" onClick={() => setOpen(s)} aria-label={t('bookings.change_of', { name: title(s) })}>{t('bookings.change')}</Button><Button size="compact-sm" variant="subtle" color="red" aria-label={t('bookings.remove_of', { name: title(s) })} onClick={() => ask({ text: t('bookings.remove_text') + missed(s.key), verb: t('bookings.remove'), run: () => remove.mutate(s.id, { onError: failed }) })}>{t('bookings.remove')}</Button></>}</td>
              </tr>
            ))}
          </Table>
        )}
      </Loaded>
      {open && <ServiceForm service={open === 'new' ? undefined : open} onClose={() => setOpen(undefined)} />}
      {dialog}
    </>
  );
}

const blank: ServiceInput = { key: '', name: {}, minutes: 30, every_minutes: 30, capacity: 1, notice_minutes: 180, ahead_days: 30, hours: null, reminders: [], feedback: null };

function inputOf(s: Service): ServiceInput {
  return { key: s.key, name: s.name, minutes: s.minutes, every_minutes: s.every_minutes, capacity: s.capacity, notice_minutes: s.notice_minutes, ahead_days: s.ahead_days, hours: s.hours, reminders: s.reminders, feedback: s.feedback };
}

function ServiceForm({ service, onClose }: { service: Service | undefined; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const [s, setS] = useState<ServiceInput>(() => (service ? inputOf(service) : blank));
  const zone = useMe().data?.workspace.time_zone;
  const save = useSaveService(service?.id);
  const problem = (field: string) => (save.error instanceof ApiError ? save.error.field(field) : undefined);
  const number = (field: 'minutes' | 'every_minutes' | 'capacity' | 'notice_minutes' | 'ahead_days', min: number, max: number) => (
    <NumberInput label={t(`bookings.${field}`)} min={min} max={max} allowDecimal={false} value={s[field]} error={problem(field)} onChange={(v) => setS({ ...s, [field]: Number(v) })} />
  );
  const reminder = (minutes: number) => s.reminders.find((r) => r.minutes === minutes)?.template ?? '';
  const remind = (minutes: number, template: string) => setS({ ...s, reminders: [...s.reminders.filter((r) => r.minutes !== minutes), ...(template ? [{ minutes, template }] : [])].sort((a, b) => b.minutes - a.minutes) });
  return (
    <Modal opened closeButtonProps={{ 'aria-label': t('act.close') }} onClose={onClose} size="lg" title={service ? t('bookings.change_of', { name: titleOf(service, i18n.language) }) : t('bookings.new_service')}>
      <form className={css.form} onSubmit={(e) => { e.preventDefault(); save.mutate(s, { onSuccess: () => { told(t('bookings.saved')); onClose(); }, onError: failed }); }}>
        <TextInput label={t('bookings.key')} description={t('bookings.key_hint')} required disabled={service !== undefined} value={s.key} error={problem('key')} onChange={(e) => setS({ ...s, key: e.currentTarget.value })} />
        <div className={css.pair}>{(['en', 'it', 'fr', 'ro'] as const).map((l) => <TextInput key={l} label={`${t('bookings.service_name')} (${languageName(l, i18n.language) || l})`} maxLength={60} value={s.name[l] ?? ''} error={problem(`name.${l}`) ?? (l === 'en' ? problem('name') : undefined)} onChange={(e) => setS({ ...s, name: { ...s.name, [l]: e.currentTarget.value } })} />)}</div>
        <div className={css.pair}>{number('minutes', 5, 1440)}{number('every_minutes', 5, 1440)}{number('capacity', 1, 1000)}{number('notice_minutes', 0, 43200)}{number('ahead_days', 1, 365)}</div>
        <div className={css.pair}>
          <TextInput label={t('bookings.remind_48')} value={reminder(2880)} onChange={(e) => remind(2880, e.currentTarget.value.trim())} />
          <TextInput label={t('bookings.remind_2')} value={reminder(120)} onChange={(e) => remind(120, e.currentTarget.value.trim())} />
          <TextInput label={t('bookings.feedback')} value={s.feedback?.template ?? ''} onChange={(e) => { const template = e.currentTarget.value.trim(); setS({ ...s, feedback: template ? { minutes: s.feedback?.minutes ?? 120, template } : null }); }} />
        </div>
        <Switch label={t('bookings.own_hours')} checked={s.hours !== null} onChange={(e) => setS({ ...s, hours: e.currentTarget.checked ? usualHours(zone) : null })} />
        {s.hours && <WeekHours hours={s.hours} may problem={(f) => problem(`hours.${f}`)} onChange={(hours) => setS({ ...s, hours })} />}
        <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" loading={save.isPending}>{t('act.save')}</Button></Group>
      </form>
    </Modal>
  );
}
