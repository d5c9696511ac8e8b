import { Menu, Button, Tabs, TagsInput, Textarea } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { languageName } from '@/ui/format';
import { anyLanguage, emptyLanguage, languagesOf, served, type Draft, type PerLanguage } from './model';

/** Words and answers, one language at a time. */
export function Languages({ draft, onChange }: { draft: Draft; onChange: (next: Partial<Draft>) => void }) {
  const { t, i18n } = useTranslation();
  const present = languagesOf(draft);
  const [tab, setTab] = useState(present[0] ?? 'en');
  const rest = [anyLanguage, ...served].filter((l) => !draft.by[l]);
  const name = (l: string) => (l === anyLanguage ? t('trigger.any_language') : languageName(l, i18n.language));
  const add = (l: string) => { onChange({ by: { ...draft.by, [l]: emptyLanguage } }); setTab(l); };
  const change = (l: string, next: Partial<PerLanguage>) => onChange({ by: { ...draft.by, [l]: { ...emptyLanguage, ...draft.by[l], ...next } } });
  return (
    <Tabs value={tab} onChange={(v) => setTab(v ?? 'en')} keepMounted={false}>
      <div style={{ display: 'flex', alignItems: 'center', gap: 6, marginBottom: 14 }}>
        <Tabs.List>
        {present.map((l) => <Tabs.Tab key={l} value={l}>{name(l)}</Tabs.Tab>)}
        </Tabs.List>
        {rest.length > 0 && (
          <Menu>
            <Menu.Target><Button variant="subtle" size="compact-sm" m={4} leftSection={<IconPlus size={14} aria-hidden />}>{t('trigger.add_language')}</Button></Menu.Target>
            <Menu.Dropdown>{rest.map((l) => <Menu.Item key={l} onClick={() => add(l)}>{name(l)}</Menu.Item>)}</Menu.Dropdown>
          </Menu>
        )}
      </div>
      {present.map((l) => <Tabs.Panel key={l} value={l}><Fields value={draft.by[l] ?? emptyLanguage} language={l} onChange={(next) => change(l, next)} /></Tabs.Panel>)}
    </Tabs>
  );
}

function Fields({ value, language, onChange }: { value: PerLanguage; language: string; onChange: (next: Partial<PerLanguage>) => void }) {
  const { t } = useTranslation();
  return (
    <div style={{ display: 'grid', gap: 14 }}>
      <TagsInput label={t('trigger.words')} description={t('trigger.words_text')} value={value.words} onChange={(words) => onChange({ words })} splitChars={[',', ';']} acceptValueOnBlur lang={language} />
      <TagsInput label={t('trigger.not')} description={t('trigger.not_text')} value={value.not} onChange={(not) => onChange({ not })} splitChars={[',', ';']} acceptValueOnBlur lang={language} />
      {language !== anyLanguage && <>
      <Textarea label={t('trigger.replies')} description={t('trigger.replies_text')} autosize minRows={2} dir="auto" lang={language} value={value.replies} onChange={(e) => onChange({ replies: e.currentTarget.value })} />
      <Textarea label={t('trigger.private_label')} description={t('trigger.private_text', { link: '{{link}}' })} autosize minRows={3} dir="auto" lang={language} value={value.private} onChange={(e) => onChange({ private: e.currentTarget.value })} />
      </>}
    </div>
  );
}
