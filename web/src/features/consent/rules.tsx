import { Button, Group, NumberInput, Stack, Switch } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/errors';
import type { Workspace } from '@/api/types';
import { Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import css from './consent.module.css';
import { useConsentRules, useSaveRules, type ConsentRules } from './queries';

export const rulesOf = (w: Workspace): ConsentRules => (w.settings['consent'] ?? {}) as ConsentRules;

/** Saves rules and says what the server would not take, by the name of the field. */
export function useRules(workspace: Workspace) {
  const { t } = useTranslation();
  const save = useSaveRules();
  const [rules, setRules] = useState<ConsentRules>(() => rulesOf(workspace));
  const error = (name: keyof ConsentRules) => (save.error instanceof ApiError ? save.error.field(`settings.consent.${name}`) : undefined);
  const submit = () => save.mutate({ workspace, rules }, { onSuccess: () => told(t('asking.saved')), onError: failed });
  return { rules, set: (change: Partial<ConsentRules>) => setRules((r) => ({ ...r, ...change })), error, submit, saving: save.isPending };
}

/** How long consent holds, and how long its proof is kept. */
export function Rules() {
  const query = useConsentRules(true);
  return <Loaded query={query} rows={6}>{(w) => <Fields workspace={w} />}</Loaded>;
}

function Fields({ workspace }: { workspace: Workspace }) {
  const { t } = useTranslation();
  const { rules, set, error, submit, saving } = useRules(workspace);
  const number = (name: 'retention_years' | 'valid_months' | 'inferred_months' | 'inferred_silent_months' | 'opt_in_hours', min: number, max: number, fallback: number) => (
    <NumberInput label={t(`asking_rule.${name}`)} description={t(`asking_rule.${name}_text`)} min={min} max={max} value={rules[name] ?? fallback} error={error(name)} onChange={(v) => set({ [name]: v === '' ? fallback : Number(v) })} />
  );
  return (
    <form className={`panel ${css.fields}`} onSubmit={(e) => { e.preventDefault(); submit(); }}>
      <Stack gap="md">
        {number('retention_years', 2, 100, 7)}
        {number('valid_months', 0, 1200, 0)}
        <Switch label={t('asking_rule.inferred')} description={t('asking_rule.inferred_text')} checked={rules.inferred ?? false} onChange={(e) => set({ inferred: e.currentTarget.checked })} />
        {rules.inferred && number('inferred_months', 1, 24, 24)}
        {rules.inferred && number('inferred_silent_months', 0, 24, 0)}
        <Switch label={t('asking_rule.confirm_by_template')} description={t('asking_rule.confirm_by_template_text')} checked={rules.confirm_by_template ?? false} onChange={(e) => set({ confirm_by_template: e.currentTarget.checked })} />
        {rules.confirm_by_template && <p role="status" className={css.back}>{t('asking_rule.confirm_by_template_need')}</p>}
        {!rules.confirm_by_template && <Switch label={t('asking_rule.confirm_in_store')} description={t('asking_rule.confirm_in_store_text')} checked={rules.confirm_in_store ?? true} onChange={(e) => set({ confirm_in_store: e.currentTarget.checked })} />}
        {number('opt_in_hours', 1, 720, 48)}
        <Group justify="flex-end"><Button type="submit" loading={saving}>{t('asking.save')}</Button></Group>
      </Stack>
    </form>
  );
}
