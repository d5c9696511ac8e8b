import { Button, Menu, Tabs } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { languageName } from '@/ui/format';
import { anyLanguage, emptyLanguage, languagesOf, served, type Draft, type PerLanguage } from './model';

interface Props { draft: Draft; onChange: (next: Partial<Draft>) => void; without?: string; children: (language: string, value: PerLanguage, change: (next: Partial<PerLanguage>) => void) => ReactNode }

/** What differs from language to language, one at a time. */
export function LanguageTabs({ draft, onChange, without, children }: Props) {
  const { t, i18n } = useTranslation();
  const present = languagesOf(draft).filter((l) => l !== without);
  const [tab, setTab] = useState(present[0] ?? 'en');
  const on = present.includes(tab) ? tab : (present[0] ?? 'en');
  const rest = [anyLanguage, ...served].filter((l) => !draft.by[l] && l !== without);
  const name = (l: string) => (l === anyLanguage ? t('trigger.any_language') : languageName(l, i18n.language));
  const add = (l: string) => { onChange({ by: { ...draft.by, [l]: emptyLanguage } }); setTab(l); };
  const change = (l: string, next: Partial<PerLanguage>) => onChange({ by: { ...draft.by, [l]: { ...emptyLanguage, ...draft.by[l], ...next } } });
  return (
    <Tabs value={on} onChange={(v) => setTab(v ?? 'en')} keepMounted={false}>
      <div style={{ display: 'flex', alignItems: 'center', gap: 6, marginBottom: 14, flexWrap: 'wrap' }}>
        <Tabs.List>{present.map((l) => <Tabs.Tab key={l} value={l}>{name(l)}</Tabs.Tab>)}</Tabs.List>
        {rest.length > 0 && (
          <Menu>
            <Menu.Target><Button variant="subtle" size="compact-sm" m={4} leftSection={<IconPlus size={14} aria-hidden />}>{t('trigger.add_language')}</Button></Menu.Target>
            <Menu.Dropdown>{rest.map((l) => <Menu.Item key={l} onClick={() => add(l)}>{name(l)}</Menu.Item>)}</Menu.Dropdown>
          </Menu>
        )}
      </div>
      {present.map((l) => <Tabs.Panel key={l} value={l}>{children(l, draft.by[l] ?? emptyLanguage, (next) => change(l, next))}</Tabs.Panel>)}
    </Tabs>
  );
}
