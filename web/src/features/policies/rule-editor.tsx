import { Button, Checkbox, Drawer, Group, MultiSelect, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from '@tanstack/react-router';
import { useCan } from '@/api/session';
import type { RuleDetail } from '@/api/types';
import { codeText } from '@/i18n';
import { languageName } from '@/ui/format';
import { failed, told } from '@/ui/toast';
import { categories, emptyRule, forComments, languages, toForm, toRule, type RuleForm } from './model';
import css from './policies.module.css';
import { Preview } from './preview';
import { usePreview, useRemoveRule, useSaveRule } from './queries';

/** A rule with words, links, numbers, an expression and further conditions, and what it would have done. */
export function RuleEditor({ rule, onClose }: { rule: RuleDetail | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const start = rule?.document ? toForm(rule.document) : emptyRule;
  const [form, setForm] = useState(start);
  const allowed = useCan('configure');
  const save = useSaveRule();
  const remove = useRemoveRule();
  const preview = usePreview();
  const made = toRule(form);
  const set = (part: Partial<RuleForm>) => setForm({ ...form, ...part });
  const ready = made !== 'rest' && form.name.trim() !== '' && form.text.trim() !== '';
  const finish = (said: string) => { told(said); onClose(); };
  return (
    <Drawer opened onClose={onClose} position="right" size="lg" title={rule ? t('act.edit_named', { name: rule.name }) : t('rules.add')} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={(e) => { e.preventDefault(); if (ready) save.mutate({ id: rule?.id ?? 0, rule: made }, { onSuccess: () => finish(t('act.saved')), onError: failed }); }}>
        <fieldset disabled={!allowed} className={css.plain}>
          <Stack gap="sm">
            {rule?.shipped && <p className={css.quiet}>{t('rules.shipped_hint')}</p>}
            <Fields form={form} set={set} named={rule !== undefined} />
            <Group gap="xs">
              <Button variant="default" disabled={!ready} loading={preview.start.isPending} onClick={() => { if (ready) preview.start.mutate({ kind: 'rule', document: made }, { onError: failed }); }}>{t('preview.try')}</Button>
              <Button type="submit" disabled={!ready} loading={save.isPending}>{t('policies.live_now')}</Button>
              {rule && rule.id > 0 && <Button color="red" variant="subtle" loading={remove.isPending} onClick={() => remove.mutate(rule.id, { onSuccess: () => finish(t('act.removed')), onError: failed })}>{t(rule.replaces ? 'rules.restore' : 'act.remove')}</Button>}
            </Group>
            {preview.found && <><Preview id={preview.found.backtest} rule={form.name.trim()} /><Link to="/policies" search={{ tab: 'versions', version: preview.found.version }}>{t('policies.to_version', { id: preview.found.version })}</Link></>}
          </Stack>
        </fieldset>
      </form>
    </Drawer>
  );
}

function Fields({ form, set, named }: { form: RuleForm; set: (part: Partial<RuleForm>) => void; named: boolean }) {
  const { t, i18n } = useTranslation();
  const bad = toRule(form) === 'rest';
  const lines = (name: 'words' | 'domains' | 'otherDomains', rows: number) => <Textarea label={t(`rules.${name}`)} description={t(`rules.${name}_hint`)} autosize minRows={rows} maxRows={10} value={form[name]} onChange={(e) => set({ [name]: e.currentTarget.value })} />;
  const count = (name: 'links' | 'mentions' | 'emoji') => <TextInput label={t(`rules.${name}`)} inputMode="numeric" pattern="[0-9]*" value={form[name]} onChange={(e) => set({ [name]: e.currentTarget.value })} />;
  return (
    <>
      <TextInput label={t('rules.name')} required maxLength={80} readOnly={named} value={form.name} onChange={(e) => set({ name: e.currentTarget.value })} />
      <TextInput label={t('rules.text')} description={t('rules.text_hint')} required maxLength={200} value={form.text} onChange={(e) => set({ text: e.currentTarget.value })} />
      <div className={css.pair}>
        <Select label={t('filter.category')} value={form.category} onChange={(v) => set({ category: v ?? '' })} data={[...(form.decision === 'allow' ? [{ value: '', label: t('policies.any') }] : []), ...categories.map((c) => ({ value: c, label: codeText('category', c) }))]} />
        <Select label={t('rules.decision')} allowDeselect={false} value={form.decision} onChange={(v) => set({ decision: v ?? 'review' })} data={forComments.map((d) => ({ value: d, label: t(`decision.${d}`) }))} />
      </div>
      {lines('words', 3)}
      <Checkbox label={t('rules.exact')} checked={form.exact} onChange={(e) => set({ exact: e.currentTarget.checked })} />
      {lines('domains', 1)}
      {lines('otherDomains', 1)}
      <TextInput label={t('rules.pattern')} description={t('rules.pattern_hint')} value={form.pattern} onChange={(e) => set({ pattern: e.currentTarget.value })} styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }} />
      <div className={css.triple}>{count('links')}{count('mentions')}{count('emoji')}</div>
      <Group><Checkbox label={t('rules.phone')} checked={form.phone} onChange={(e) => set({ phone: e.currentTarget.checked })} /><Checkbox label={t('rules.email')} checked={form.email} onChange={(e) => set({ email: e.currentTarget.checked })} /></Group>
      <MultiSelect label={t('policies.languages')} placeholder={form.languages.length ? '' : t('policies.all')} value={form.languages} onChange={(v) => set({ languages: v })} data={languages.map((v) => ({ value: v, label: languageName(v, i18n.language) || t(`filter_lang.${v === 'other' ? 'another' : 'unknown'}`) }))} />
      <Textarea label={t('rules.rest')} description={t('rules.rest_hint')} autosize minRows={2} maxRows={14} value={form.rest} onChange={(e) => set({ rest: e.currentTarget.value })} error={bad ? t('rules.rest_bad') : undefined} styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }} />
    </>
  );
}
