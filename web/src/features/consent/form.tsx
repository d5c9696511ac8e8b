import { Anchor, Button, Checkbox, Code, CopyButton, Group, NumberInput, Select, Stack, Switch, Textarea } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Workspace } from '@/api/types';
import { Loaded } from '@/ui/states';
import css from './consent.module.css';
import { useConsentRules, useWordings, wordingLanguages } from './queries';
import { rulesOf, useRules } from './rules';

/** The form by which visitors of the brand's website ask for offers: whether it is open and for whom, how it looks, and how to show it. */
export function FormOfTheWebsite() {
  const query = useConsentRules(true);
  return <Loaded query={query} rows={6}>{(w) => <div className={css.columns}><Access workspace={w} /><Preview workspace={w} /></div>}</Loaded>;
}

function Access({ workspace }: { workspace: Workspace }) {
  const { t } = useTranslation();
  const { rules, set, error, submit, saving } = useRules(workspace);
  const [sites, setSites] = useState((rules.web_origins ?? []).join('\n'));
  const wrong = (rules.web_origins ?? []).map((_, i) => error(`web_origins[${i}]` as 'web_origins')).find(Boolean) ?? error('web_origins');
  const websites = (text: string) => { setSites(text); set({ web_origins: text.split('\n').map((s) => s.trim().toLowerCase()).filter(Boolean) }); };
  return (
    <form className={`panel ${css.fields}`} onSubmit={(e) => { e.preventDefault(); submit(); }}>
      <Stack gap="md">
        <Switch label={t('webform.open')} description={t('webform.open_text')} checked={rules.web_opt_in ?? false} onChange={(e) => set({ web_opt_in: e.currentTarget.checked })} />
        <Textarea label={t('webform.sites')} description={t('webform.sites_text')} placeholder="https://shop.example" autosize minRows={2} value={sites} error={wrong} onChange={(e) => websites(e.currentTarget.value)} />
        <NumberInput label={t('webform.per_address')} min={1} max={1000} value={rules.web_per_address ?? 10} error={error('web_per_address')} onChange={(v) => set({ web_per_address: v === '' ? 10 : Number(v) })} />
        <NumberInput label={t('webform.per_number')} min={1} max={20} value={rules.web_per_number ?? 3} onChange={(v) => set({ web_per_number: v === '' ? 3 : Number(v) })} />
        <Group justify="flex-end"><Button type="submit" loading={saving}>{t('asking.save')}</Button></Group>
      </Stack>
    </form>
  );
}

function Preview({ workspace }: { workspace: Workspace }) {
  const { t, i18n } = useTranslation();
  const wordings = useWordings();
  const [language, setLanguage] = useState<string>(workspace.locale);
  const languages = new Intl.DisplayNames([i18n.language], { type: 'language' });
  const address = `${window.location.origin}/public/v1/opt-in/form?workspace=${workspace.id}&language=${language}`;
  const snippet = `<iframe src="${address}" title="${workspace.brand || workspace.name}" width="100%" height="320" style="border:0"></iframe>`;
  const text = wordings.data?.items.find((w) => w.name === 'web_offers' && w.language === language)?.text;
  const open = rulesOf(workspace).web_opt_in === true;
  return (
    <section className={`panel ${css.fields}`} aria-labelledby="webform-preview">
      <Stack gap="md">
        <h2 id="webform-preview" className={css.heading}>{t('webform.preview')}</h2>
        <Select label={t('asking.language')} value={language} onChange={(v) => v && setLanguage(v)} data={wordingLanguages.map((l) => ({ value: l, label: languages.of(l) ?? l }))} allowDeselect={false} />
        <div className={css.preview} lang={language}>
          <Checkbox readOnly tabIndex={-1} checked={false} label={text ?? t('webform.made_later')} />
        </div>
        <div>
          <Group justify="space-between" mb={6}><strong>{t('webform.snippet')}</strong><CopyButton value={snippet}>{({ copied, copy }) => <Button size="compact-sm" variant="default" onClick={copy}>{copied ? t('optins.copied') : t('optins.copy')}</Button>}</CopyButton></Group>
          <Code block className={css.snippet} tabIndex={0} aria-label={t('webform.snippet')}>{snippet}</Code>
        </div>
        {open ? <Anchor href={address} target="_blank" rel="noreferrer">{t('webform.show')} <IconExternalLink size={14} aria-hidden /></Anchor> : <small>{t('webform.closed')}</small>}
      </Stack>
    </section>
  );
}
