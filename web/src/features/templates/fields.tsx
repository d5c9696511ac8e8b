import { ActionIcon, Button, Group, Menu, Select, Textarea, TextInput } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconBold, IconItalic, IconPlus, IconStrikethrough, IconTrash, IconVariable } from '@tabler/icons-react';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { codeText } from '@/i18n';
import type { TemplateButton, TemplateDefinition, TemplateFault, TemplateVariable } from '@/api/types';
import { faultsAt, moved, nextVariable, otherFaults, put, setVariable, wrap } from './model';
import { SampleField } from './sample';
import css from './templates.module.css';

interface Props { definition: TemplateDefinition; faults: TemplateFault[]; found: TemplateVariable[]; disabled: boolean; onChange: (next: Partial<TemplateDefinition>) => void }

/** The form: category, header, body, footer, buttons, and what stands in the variables. */
export function Fields({ definition: d, faults, found, disabled, onChange }: Props) {
  const { t } = useTranslation();
  const format = d.header?.format ?? '';
  return (
    <fieldset disabled={disabled} style={{ border: 0, padding: 0, margin: 0, minInlineSize: 0 }}>
      <section className={`panel ${css.fields}`}>
        <div className={css.two}>
          <Select label={t('templates.category')} description={t(`templates.category_text.${d.category}`)} value={d.category} error={faultsAt(faults, 'category') || faultsAt(faults, 'name') || faultsAt(faults, 'language')} allowDeselect={false} disabled={disabled}
            onChange={(v) => onChange({ category: (v ?? 'UTILITY') as TemplateDefinition['category'] })} data={['UTILITY', 'MARKETING'].map((c) => ({ value: c, label: codeText('template_category', c) }))} />
          <Select label={t('templates.header_kind')} value={format} allowDeselect={false} disabled={disabled} onChange={(v) => onChange({ header: v ? { format: v as 'TEXT', text: v === 'TEXT' ? (d.header?.text ?? '') : '', example: '' } : undefined as never })}
            data={['', 'TEXT', 'IMAGE', 'VIDEO', 'DOCUMENT', 'LOCATION'].map((f) => ({ value: f, label: t(`templates.header.${f || 'NONE'}`) }))} />
        </div>
        {format === 'TEXT' && <TextInput label={t('templates.header_label')} value={d.header?.text ?? ''} error={faultsAt(faults, 'header')} onChange={(e) => onChange({ header: { format: 'TEXT', text: e.currentTarget.value } })} rightSectionWidth={52} rightSection={<span className={css.count}>{(d.header?.text ?? '').length}/60</span>} />}
        {d.header && (format === 'IMAGE' || format === 'VIDEO' || format === 'DOCUMENT') && <SampleField header={d.header} format={format} error={faultsAt(faults, 'header')} disabled={disabled} onChange={(header) => onChange({ header })} />}
        <Body text={d.body} error={faultsAt(faults, 'body')} onChange={(body) => onChange({ body })} />
        <TextInput label={t('templates.footer')} value={d.footer ?? ''} error={faultsAt(faults, 'footer')} onChange={(e) => onChange({ footer: e.currentTarget.value })} rightSectionWidth={52} rightSection={<span className={css.count}>{(d.footer ?? '').length}/60</span>} />
        {otherFaults(faults).map((f, i) => <p key={i} className={css.fault}>{f.text}</p>)}
      </section>
      <Buttons list={d.buttons ?? []} faults={faults} disabled={disabled} onChange={(buttons) => onChange({ buttons })} />
      <Variables found={found} list={d.variables ?? []} faults={faults} disabled={disabled} onChange={(variables) => onChange({ variables })} />
    </fieldset>
  );
}

function Body({ text, error, onChange }: { text: string; error: string; onChange: (text: string) => void }) {
  const { t } = useTranslation();
  const box = useRef<HTMLTextAreaElement>(null);
  const apply = (make: (from: number, to: number) => { text: string; from: number; to: number }) => {
    const el = box.current;
    const next = make(el?.selectionStart ?? text.length, el?.selectionEnd ?? text.length);
    onChange(next.text);
    requestAnimationFrame(() => { el?.focus(); el?.setSelectionRange(next.from, next.to); });
  };
  const marks = [['*', IconBold, t('templates.bold')], ['_', IconItalic, t('templates.italic')], ['~', IconStrikethrough, t('templates.strike')]] as const;
  return (
    <div>
      <div className={css.tools} role="group" aria-label={t('templates.format')}>
        {marks.map(([mark, Icon, label]) => <ActionIcon key={mark} variant="default" aria-label={label} onClick={() => apply((from, to) => wrap(text, from, to, mark))}><Icon size={16} aria-hidden /></ActionIcon>)}
        <Button size="compact-sm" variant="default" leftSection={<IconVariable size={15} aria-hidden />} onClick={() => apply((from) => put(text, from, nextVariable(text)))}>{t('templates.add_variable')}</Button>
      </div>
      <Textarea ref={box} label={t('templates.body')} required autosize minRows={5} maxRows={16} value={text} error={error} onChange={(e) => onChange(e.currentTarget.value)} dir="auto" />
      <div className={css.count}>{text.length}/1024</div>
    </div>
  );
}

const kinds = ['QUICK_REPLY', 'URL', 'PHONE_NUMBER', 'COPY_CODE', 'FLOW'] as const;

function Buttons({ list, faults, disabled, onChange }: { list: TemplateButton[]; faults: TemplateFault[]; disabled: boolean; onChange: (list: TemplateButton[]) => void }) {
  const { t } = useTranslation();
  const set = (i: number, next: Partial<TemplateButton>) => onChange(list.map((b, k) => (k === i ? { ...b, ...next } : b)));
  const general = faults.filter((f) => f.field === 'buttons').map((f) => f.text).join(' ');
  return (
    <section className={`panel ${css.fields}`} aria-label={t('templates.buttons')}>
      <h2>{t('templates.buttons')}</h2>
      {list.map((b, i) => {
        const error = faultsAt(faults, `buttons[${i}]`);
        const n = i + 1;
        return (
          <div key={i} className={css.button} role="group" aria-label={t('templates.button_n', { n })}>
            <div className={css.buttonHead}>
              <Select aria-label={t('templates.button_kind', { n })} value={b.type} disabled={disabled} allowDeselect={false} onChange={(v) => set(i, { type: (v ?? 'QUICK_REPLY') as TemplateButton['type'] })} data={kinds.map((k) => ({ value: k, label: t(`templates.kind.${k}`) }))} />
              <ActionIcon variant="subtle" color="gray" aria-label={t('templates.up', { n })} disabled={i === 0} onClick={() => onChange(moved(list, i, -1))}><IconArrowUp size={16} aria-hidden /></ActionIcon>
              <ActionIcon variant="subtle" color="gray" aria-label={t('templates.down', { n })} disabled={i === list.length - 1} onClick={() => onChange(moved(list, i, 1))}><IconArrowDown size={16} aria-hidden /></ActionIcon>
              <ActionIcon variant="subtle" color="gray" aria-label={t('templates.drop_button', { n })} onClick={() => onChange(list.filter((_, k) => k !== i))}><IconTrash size={16} aria-hidden /></ActionIcon>
            </div>
            {b.type !== 'COPY_CODE' && <TextInput label={t('templates.button_text')} value={b.text ?? ''} onChange={(e) => set(i, { text: e.currentTarget.value })} rightSectionWidth={52} rightSection={<span className={css.count}>{(b.text ?? '').length}/25</span>} />}
            {b.type === 'URL' && <TextInput label={t('templates.button_url')} description={t('templates.button_url_text')} value={b.url ?? ''} onChange={(e) => set(i, { url: e.currentTarget.value })} />}
            {b.type === 'PHONE_NUMBER' && <TextInput label={t('templates.button_phone')} value={b.phone ?? ''} onChange={(e) => set(i, { phone: e.currentTarget.value })} />}
            {b.type === 'COPY_CODE' && <TextInput label={t('templates.button_code')} value={b.code ?? ''} onChange={(e) => set(i, { code: e.currentTarget.value })} />}
            {b.type === 'FLOW' && <TextInput label={t('templates.button_form')} value={b.flow_id ?? ''} onChange={(e) => set(i, { flow_id: e.currentTarget.value })} />}
            {error && <p className={css.fault}>{error}</p>}
          </div>
        );
      })}
      {general && <p className={css.fault}>{general}</p>}
      <Group>
        <Menu>
          <Menu.Target><Button size="compact-sm" variant="default" leftSection={<IconPlus size={15} aria-hidden />} disabled={disabled || list.length >= 10}>{t('templates.add_button')}</Button></Menu.Target>
          <Menu.Dropdown>{kinds.map((k) => <Menu.Item key={k} onClick={() => onChange([...list, { type: k, text: '' }])}>{t(`templates.kind.${k}`)}</Menu.Item>)}</Menu.Dropdown>
        </Menu>
      </Group>
    </section>
  );
}

const sources = ['ask', 'first_name', 'name', 'brand', 'contact'] as const;

function Variables({ found, list, faults, disabled, onChange }: { found: TemplateVariable[]; list: TemplateVariable[]; faults: TemplateFault[]; disabled: boolean; onChange: (list: TemplateVariable[]) => void }) {
  const { t } = useTranslation();
  if (found.length === 0) return null;
  return (
    <section className={`panel ${css.fields}`} aria-label={t('templates.variables')}>
      <h2>{t('templates.variables')}</h2>
      <p className={css.dim} style={{ margin: 0 }}>{t('templates.variables_text')}</p>
      {found.map((f) => {
        const v = list.find((x) => x.in === f.in && x.name === f.name) ?? f;
        const set = (next: Partial<TemplateVariable>) => onChange(setVariable(list, { ...v, ...next }));
        const own = (v.from ?? '').startsWith('field:');
        const place = `{{${f.name}}}`;
        const error = faultsAt(faults, `variables[${f.in}:${f.name}]`);
        return (
          <div key={`${f.in}:${f.name}`} role="group" aria-label={t('templates.variable_n', { place })}>
            <div className={css.variable}>
              <code>{place}<br /><small className={css.dim}>{f.in === 'body' ? t('templates.body') : f.in === 'header' ? t('templates.header_label') : t('templates.button_url')}</small></code>
              <TextInput label={t('templates.example')} value={v.example ?? ''} onChange={(e) => set({ example: e.currentTarget.value })} />
              <div>
                <Select label={t('templates.from')} value={own ? 'field' : (v.from || 'ask')} allowDeselect={false} disabled={disabled} onChange={(x) => set({ from: x === 'field' ? 'field:' : (x ?? 'ask') })} data={[...sources, 'field'].map((s) => ({ value: s, label: t(`templates.source.${s}`) }))} />
                {own && <TextInput mt={6} label={t('templates.field_key')} value={(v.from ?? '').slice(6)} onChange={(e) => set({ from: `field:${e.currentTarget.value}` })} />}
              </div>
              <TextInput label={t('templates.fallback')} value={v.fallback ?? ''} onChange={(e) => set({ fallback: e.currentTarget.value })} />
            </div>
            {error && <p className={css.fault}>{error}</p>}
          </div>
        );
      })}
    </section>
  );
}
