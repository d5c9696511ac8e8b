import { ActionIcon, Button, Fieldset, Group, Modal, Select, Stack, TagsInput, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLabelList } from '@/api/desk';
import { ApiError } from '@/api/errors';
import { useDescribe } from '@/api/person';
import type { DescribeInput, Person } from '@/api/types';
import { countries, languageName } from './format';
import { fieldName } from './person';
import css from './parts.module.css';
import { served } from './served';
import { failed, told } from './toast';

interface Line { key: string; value: string; fresh: boolean }

/** Changes what is known of a person. Only what was changed is sent: somebody else may be at another part of it. */
export function PersonEdit({ person, onClose }: { person: Person; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const save = useDescribe(person.id);
  const known = useLabelList().data?.items ?? [];
  const [name, setName] = useState(person.own_name);
  const [language, setLanguage] = useState(person.own_language);
  const [country, setCountry] = useState(person.country);
  const [zone, setZone] = useState(person.time_zone);
  const [labels, setLabels] = useState(person.labels);
  const [lines, setLines] = useState<Line[]>(() => Object.entries(person.fields).sort(([a], [b]) => a.localeCompare(b)).map(([key, value]) => ({ key, value, fresh: false })));
  const [shownCountries] = useState(() => countries(i18n.language));
  const change = (i: number, next: Partial<Line>) => setLines(lines.map((l, k) => (k === i ? { ...l, ...next } : l)));
  const twice = lines.find((l, i) => l.key.trim() && lines.findIndex((x) => x.key.trim() === l.key.trim()) !== i)?.key.trim();
  const at = (field: string) => (save.error instanceof ApiError ? save.error.field(field) : undefined);

  const changes = (): DescribeInput => {
    const fields: Record<string, string> = {};
    for (const l of lines) if (l.key.trim() && (l.fresh ? l.value.trim() : l.value !== person.fields[l.key])) fields[l.key.trim()] = l.value;
    for (const key of Object.keys(person.fields)) if (!lines.some((l) => l.key === key)) fields[key] = '';
    return {
      ...(name !== person.own_name ? { name } : {}), ...(language !== person.own_language ? { language } : {}), ...(country !== person.country ? { country } : {}), ...(zone !== person.time_zone ? { time_zone: zone } : {}),
      ...(labels.join('\n') !== person.labels.join('\n') ? { labels } : {}), ...(Object.keys(fields).length > 0 ? { fields } : {}),
    };
  };
  const submit = () => {
    const body = changes();
    if (Object.keys(body).length === 0) onClose();
    else save.mutate(body, { onSuccess: () => { told(t('act.saved')); onClose(); }, onError: (e) => { if (!(e instanceof ApiError && e.problem.errors?.length)) failed(e); } });
  };
  return (
    <Modal opened onClose={onClose} title={t('person.edit_title')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={(e) => { e.preventDefault(); submit(); }}>
        <Stack gap="sm">
          <TextInput data-autofocus label={t('person.name')} description={t('person.name_hint')} placeholder={person.name} dir="auto" maxLength={200} value={name} error={at('name')} onChange={(e) => setName(e.currentTarget.value)} />
          <Group grow align="start">
            <Select label={t('contact.language')} clearable placeholder={person.language ? languageName(person.language, i18n.language) : t('person.unknown')} data={[...new Set([...served, ...(language ? [language] : [])])].map((l) => ({ value: l, label: languageName(l, i18n.language) }))} value={language || null} error={at('language')} onChange={(v) => setLanguage(v ?? '')} />
            <Select label={t('person.country')} clearable searchable placeholder={t('person.unknown')} data={shownCountries} value={country || null} error={at('country')} onChange={(v) => setCountry(v ?? '')} />
          </Group>
          <Select label={t('person.time_zone')} description={t('person.time_zone_hint')} clearable searchable placeholder={t('person.by_country')} data={[...new Set([...(zone ? [zone] : []), ...Intl.supportedValuesOf('timeZone')])]} value={zone || null} error={at('time_zone')} onChange={(v) => setZone(v ?? '')} />
          <TagsInput label={t('person.labels')} description={t('person.labels_hint')} maxTags={20} data={known.map((l) => l.name)} value={labels} error={at('labels')} onChange={setLabels} />
          <Fieldset legend={t('person.fields')} p="sm">
            <Stack gap={8}>
              {lines.length === 0 && <small>{t('person.no_fields')}</small>}
              {lines.map((l, i) => (
                <div key={i} className={css.pair}>
                  {l.fresh
                    ? <TextInput aria-label={t('person.field_name')} placeholder={t('person.field_name')} maxLength={40} value={l.key} error={at(`fields.${l.key.trim()}`)} onChange={(e) => change(i, { key: e.currentTarget.value.toLowerCase().replaceAll(' ', '_') })} />
                    : <span id={`field-${i}`} className="clip">{fieldName(l.key)}</span>}
                  <TextInput {...(l.fresh ? { 'aria-label': t('person.field_value'), placeholder: t('person.field_value') } : { 'aria-labelledby': `field-${i}`, error: at(`fields.${l.key}`) })} dir="auto" maxLength={500} value={l.value} onChange={(e) => change(i, { value: e.currentTarget.value })} />
                  <ActionIcon variant="subtle" color="gray" size={30} aria-label={t('act.remove_named', { name: l.key ? fieldName(l.key) : t('person.field_name') })} onClick={() => setLines(lines.filter((_, k) => k !== i))}><IconTrash size={16} aria-hidden /></ActionIcon>
                </div>
              ))}
              {twice && <small role="alert" className={css.wrong}>{t('person.twice', { name: twice })}</small>}
              <Button variant="default" size="xs" style={{ justifySelf: 'start', alignSelf: 'start' }} leftSection={<IconPlus size={14} aria-hidden />} onClick={() => setLines([...lines, { key: '', value: '', fresh: true }])}>{t('person.add_field')}</Button>
            </Stack>
          </Fieldset>
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" loading={save.isPending} disabled={Boolean(twice)}>{t('act.save')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}
