import { Button, NumberInput, Select, Switch, TextInput } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import { useCan, useMe } from '@/api/session';
import type { Workspace } from '@/api/types';
import { languages } from '@/i18n';
import { DateList } from '@/ui/dates';
import { HoursEditor } from '@/ui/hours';
import { countryName } from '@/ui/format';
import { PageBody, PageHead } from '@/ui/parts';
import { countryOf, unplaced, zoneHere } from '@/ui/place';
import { Views } from '@/ui/rows';
import { Failure, Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import { ZoneSelect } from '@/ui/zones';
import { DeskForm } from './desk';
import { PolicySection } from './policy';
import { MessageBudget, Prices } from './prices';
import { Section } from './section';
import { numbers, numberOf, type NumberField } from './fields';
import { changedSettings, useSaveWorkspace, useWorkspace, useWorkspaceSending } from './queries';
import { Webhooks } from './webhooks';
import css from './settings.module.css';

const route = getRouteApi('/settings');
const tabs = ['general', 'desk', 'hours', 'webhooks'] as const;

/** What the brand is called, what may go out and when, and what it may cost. */
export default function Settings() {
  const { t } = useTranslation();
  const configure = useCan('configure');
  const query = useWorkspace();
  const { tab = 'general' } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <PageBody>
      <PageHead title={t('settings.title')}>{t('settings.lead')}</PageHead>
      {!configure ? <Failure error={new ApiError(403, {})} /> : (
        <>
          <Views of={t('settings.title')} value={tab} views={tabs.map((v) => ({ value: v, label: t(`settings_tab.${v}`) }))} onView={(v) => void navigate({ search: v === 'general' ? {} : { tab: v } })} />
          {tab === 'webhooks' ? <Webhooks /> : tab === 'hours' ? <section className={`panel ${css.block}`}><h2>{t('settings.working.title')}</h2><p className={css.hint}>{t('settings.working.text')}</p><HoursEditor may /></section> : (
            <Loaded query={query}>{(w) => (tab === 'desk' ? <DeskForm key={w.id} start={w} /> : <><Form key={w.id} start={w} /><Prices /><PolicySection /></>)}</Loaded>
          )}
        </>
      )}
    </PageBody>
  );
}

function Form({ start }: { start: Workspace }) {
  const { t } = useTranslation();
  const [w, setW] = useState(start);
  const save = useSaveWorkspace();
  const changed = JSON.stringify(w) !== JSON.stringify(start);
  const error = (name: string) => (save.error instanceof ApiError ? save.error.field(name) : undefined);
  const text = (name: 'name' | 'brand' | 'legal_name' | 'contact' | 'country') => ({ value: w[name], error: error(name), onChange: (e: { currentTarget: { value: string } }) => setW({ ...w, [name]: e.currentTarget.value }) });
  const set = (name: string, value: unknown) => setW({ ...w, settings: { ...w.settings, [name]: value } });
  const submit = (e: FormEvent) => { e.preventDefault(); save.mutate({ ...w, settings: changedSettings(start.settings, w.settings) }, { onSuccess: () => told(t('act.saved')), onError: failed }); };
  const number = (f: NumberField) => (
    <NumberInput key={f.name} label={t(`settings.field.${f.name}`)} min={f.min} max={f.max} suffix={f.unit ? ` ${t(`unit.${f.unit}`)}` : ''} value={numberOf(w.settings, f)} onChange={(v) => set(f.name, Math.round((Number(v) || 0) * (f.scale ?? 1)))} />
  );
  const time = (name: string) => <TextInput key={name} type="time" label={t(`settings.field.${name}`)} value={String(w.settings[name] ?? '')} error={error(`settings.${name}`)} onChange={(e) => set(name, e.currentTarget.value)} />;
  return (
    <form onSubmit={submit}>
      <Switches w={w} set={set} />
      <Section id="brand">
        <TextInput label={t('settings.field.brand')} required {...text('brand')} />
        <TextInput label={t('settings.field.name')} required {...text('name')} />
        <TextInput label={t('settings.field.legal_name')} {...text('legal_name')} />
        <TextInput label={t('settings.field.contact')} description={t('settings.field.contact_text')} {...text('contact')} />
        <ZoneSelect label={t('settings.field.time_zone')} value={w.time_zone} error={error('time_zone')} onChange={(time_zone) => setW({ ...w, time_zone })} />
        <Select label={t('settings.field.locale')} value={w.locale} onChange={(v) => setW({ ...w, locale: v ?? w.locale })} data={[...Object.entries(languages).map(([value, label]) => ({ value, label })), ...(w.locale in languages ? [] : [{ value: w.locale, label: w.locale }])]} />
        <TextInput label={t('settings.field.country')} maxLength={2} {...text('country')} onChange={(e) => setW({ ...w, country: e.currentTarget.value.toUpperCase() })} />
        <Place w={w} onTake={(place) => setW({ ...w, ...place })} />
      </Section>
      <Section id="hours">{['quiet_from', 'quiet_to', 'saturday_from', 'saturday_to'].map(time)}<Switch className={css.wide ?? ''} label={t('settings.field.sundays')} checked={w.settings['sundays'] === true} onChange={(e) => set('sundays', e.currentTarget.checked)} />
        <div className={css.wide}><DateList label={t('settings.field.holidays')} description={t('settings.field.holidays_text')} value={Array.isArray(w.settings['holidays']) ? w.settings['holidays'].map(String) : []} error={error('settings.holidays[0]')} onChange={(v) => set('holidays', v)} /></div>
      </Section>
      <Section id="limits">{numbers.limits.map(number)}</Section>
      <MessageBudget settings={w.settings} set={set} error={error} />
      <Section id="budget">{numbers.budget.map(number)}</Section>
      {changed && <div className={css.save}><Button variant="default" onClick={() => setW(start)}>{t('act.cancel')}</Button><Button type="submit" loading={save.isPending}>{t('act.save')}</Button></div>}
    </form>
  );
}

/** A new workspace comes with a place; whoever sets it up elsewhere takes their own with one press. */
function Place({ w, onTake }: { w: Workspace; onTake: (place: { time_zone: string; country: string }) => void }) {
  const { t, i18n } = useTranslation();
  const here = zoneHere();
  if (!unplaced(w, here)) return null;
  const country = countryOf(here);
  return (
    <p className={`${css.wide ?? ''} ${css.hint ?? ''}`} role="note">
      {t('settings.place.text', { zone: w.time_zone, here })}{' '}
      <Button size="compact-sm" variant="default" onClick={() => onTake({ time_zone: here, country: country || w.country })}>{t('settings.place.take', { here: country ? countryName(country, i18n.language) : here })}</Button>
    </p>
  );
}

/** The emergency switch works at once; the other is saved with the form. */
function Switches({ w, set }: { w: Workspace; set: (name: string, value: unknown) => void }) {
  const { t } = useTranslation();
  const sending = useMe().data?.workspace.sending ?? true;
  const change = useWorkspaceSending();
  return (
    <Section id="switches">
      <Switch className={css.wide ?? ''} label={t('settings.field.sending')} description={t('settings.field.sending_text')} checked={sending} disabled={change.isPending} onChange={(e) => change.mutate(e.currentTarget.checked, { onSuccess: () => told(t('act.saved')), onError: failed })} />
      <Switch className={css.wide ?? ''} label={t('settings.field.automate')} description={t('settings.field.automate_text')} checked={w.settings['automate'] !== false} onChange={(e) => set('automate', e.currentTarget.checked)} />
    </Section>
  );
}
