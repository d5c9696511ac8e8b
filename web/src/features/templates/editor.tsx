import { Button, Menu, Modal, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconLanguage } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import type { TemplateDefinition, TemplateDraft, TemplateFault } from '@/api/types';
import { stated } from '@/i18n/statement';
import { useConfirm } from '@/ui/confirm';
import { languageName } from '@/ui/format';
import { useKeptWork } from '@/ui/kept';
import { PageHead, Tag } from '@/ui/parts';
import { Taken } from '@/ui/taken';
import { failed, told } from '@/ui/toast';
import { Fields } from './fields';
import { History } from './history';
import { languageCodes } from './model';
import { Phone } from './phone';
import { call, useChange, useCheck, useDrafts, type Step } from './queries';
import { DraftStatus } from './status';
import css from './templates.module.css';

/** One language of a template: its text, what is wrong with it, how a phone shows it, and what is next. */
export function Editor({ draft, back }: { draft: TemplateDraft; back: ReactNode }) {
  const { t, i18n } = useTranslation();
  const may = useCan('campaign');
  const { work: definition, setWork: setDefinition, taken, drop } = useKeptWork<TemplateDefinition>(`template.${draft.id}`, draft.definition);
  const [settled] = useDebouncedValue(definition, 350);
  const check = useCheck(draft.name, draft.language, settled);
  const changed = JSON.stringify(definition) !== JSON.stringify(draft.definition);
  const faults = changed ? (check.data?.faults ?? []) : (draft.faults ?? []);
  const language = languageName(draft.language.replace('_', '-'), i18n.language) || draft.language;
  return (
    <>
      <PageHead title={draft.name} action={<span className={css.line}><Tag>{t('templates.version', { n: draft.version })}</Tag><DraftStatus d={draft} /></span>}>{back}</PageHead>
      {taken && <Taken onDrop={() => drop()} />}
      <LanguageBar draft={draft} definition={definition} may={may} />
      {draft.state === 'returned' && <p role="note" className="panel" style={{ padding: '10px 14px' }}><strong>{t('templates.state.returned')}:</strong> {draft.note}</p>}
      <div className={css.edit}>
        <div>
          <Fields definition={definition} faults={faults} found={check.data?.variables ?? []} disabled={!may} onChange={(next) => setDefinition({ ...definition, ...next })} />
        </div>
        <div className={css.beside}>
          {may && <Actions draft={draft} definition={definition} changed={changed} faulty={faults.length > 0} />}
          <Phone preview={check.data?.preview ?? draft.preview} language={draft.language} label={t('templates.preview_of', { name: `${draft.name}, ${language}` })} />
          <Findings faults={faults} busy={check.isFetching} />
          <History draft={draft} />
        </div>
      </div>
      <Sides draft={draft} />
    </>
  );
}

function Findings({ faults, busy }: { faults: TemplateFault[]; busy: boolean }) {
  const { t } = useTranslation();
  return (
    <section className={`panel ${css.fields}`} aria-live="polite" aria-busy={busy} aria-label={t('templates.check')}>
      <h2>{faults.length === 0 ? t('templates.no_faults') : t('templates.faults', { count: faults.length })}</h2>
      {faults.length > 0 && <ul className={css.faults}>{faults.map((f, i) => <li key={i}>{stated(f.parts, f.text)}</li>)}</ul>}
    </section>
  );
}

/** The other languages of the name, and a new one that begins as this text. */
function LanguageBar({ draft, definition, may }: { draft: TemplateDraft; definition: TemplateDefinition; may: boolean }) {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate();
  const add = useChange(call.add);
  const mine = (useDrafts().data?.items ?? []).filter((d) => d.name === draft.name && d.account_id === draft.account_id);
  const free = languageCodes.filter((l) => !mine.some((d) => d.language === l));
  const label = (code: string) => languageName(code.replace('_', '-'), i18n.language) || code;
  return (
    <nav className={css.languages} aria-label={t('templates.languages')}>
      {mine.map((d) => <Button key={d.id} size="compact-sm" variant={d.id === draft.id ? 'filled' : 'default'} aria-current={d.id === draft.id ? 'page' : undefined} renderRoot={(props) => <Link {...props} to="/templates/$id" params={{ id: String(d.id) }} />}>{label(d.language)}</Button>)}
      {may && (
        <Menu>
          <Menu.Target><Button size="compact-sm" variant="subtle" leftSection={<IconLanguage size={15} aria-hidden />} loading={add.isPending}>{t('templates.add_language')}</Button></Menu.Target>
          <Menu.Dropdown mah={320} style={{ overflowY: 'auto' }}>
            {free.map((l) => <Menu.Item key={l} onClick={() => add.mutate({ account_id: draft.account_id, name: draft.name, language: l, definition }, { onSuccess: (d) => void navigate({ to: '/templates/$id', params: { id: String(d.id) } }), onError: failed })}>{label(l)}</Menu.Item>)}
          </Menu.Dropdown>
        </Menu>
      )}
    </nav>
  );
}

/** What can be done with the version: save it, have it approved, give it to Meta. */
function Actions({ draft, definition, changed, faulty }: { draft: TemplateDraft; definition: TemplateDefinition; changed: boolean; faulty: boolean }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const save = useChange(call.save);
  const step = useChange(call.step);
  const remove = useChange(call.remove);
  const [returning, setReturning] = useState(false);
  const [reason, setReason] = useState('');
  const [ask, dialog] = useConfirm();
  const run = (s: Step, done: string, why?: string) => step.mutate({ id: draft.id, version: draft.version, step: s, ...(why === undefined ? {} : { reason: why }) }, { onSuccess: () => { told(done); setReturning(false); }, onError: failed });
  const stopped = ['failed', 'refused', 'expired', 'cancelled'].includes(draft.action_state);
  const can = (...states: TemplateDraft['state'][]) => !changed && states.includes(draft.state);
  return (
    <div className={css.foot}>
      {dialog}
      <Button onClick={() => save.mutate({ id: draft.id, version: draft.version, definition }, { onSuccess: () => told(t('templates.saved')), onError: failed })} loading={save.isPending} disabled={!changed}>{t('templates.save')}</Button>
      {can('draft', 'returned') && <Button variant="default" disabled={faulty} loading={step.isPending} onClick={() => run('ask', t('templates.asked'))}>{t('templates.ask')}</Button>}
      {can('draft', 'returned', 'asked') && <Button variant="default" disabled={faulty} loading={step.isPending} title={draft.mine ? t('templates.approve_mine') : ''} onClick={() => run('approve', t('templates.approved'))}>{t('templates.approve')}</Button>}
      {can('asked', 'approved') && <Button variant="default" onClick={() => setReturning(true)}>{t('templates.return')}</Button>}
      {(can('approved') || (can('submitted') && stopped)) && <Button loading={step.isPending} disabled={faulty} onClick={() => run('submit', t('templates.submitted'))}>{t('templates.submit')}</Button>}
      <span className={css.grow} />
      {draft.template === null && draft.action_state === '' && <Button variant="subtle" color="red" onClick={() => ask({ text: t('templates.remove_sure'), verb: t('templates.remove'), run: () => remove.mutate(draft.id, { onSuccess: () => void navigate({ to: '/templates' }), onError: failed }) })}>{t('templates.remove')}</Button>}
      <Modal opened={returning} onClose={() => setReturning(false)} title={t('templates.return')} closeButtonProps={{ 'aria-label': t('act.close') }}>
        <Textarea label={t('templates.return_why')} required autosize minRows={3} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus mb="md" />
        <Button disabled={!reason.trim()} loading={step.isPending} onClick={() => run('return', t('templates.returned'), reason)}>{t('templates.return')}</Button>
      </Modal>
    </div>
  );
}

/** All languages of the name beside each other, as phones show them. */
function Sides({ draft }: { draft: TemplateDraft }) {
  const { t, i18n } = useTranslation();
  const all = (useDrafts().data?.items ?? []).filter((d) => d.name === draft.name && d.account_id === draft.account_id);
  if (all.length < 2) return null;
  return (
    <section aria-label={t('templates.side_by_side')}>
      <h2 style={{ fontSize: '0.9375rem' }}>{t('templates.side_by_side')}</h2>
      <div className={css.sides}>
        {all.map((d) => {
          const name = languageName(d.language.replace('_', '-'), i18n.language) || d.language;
          return <div key={d.id} className={css.side}><span className={css.sideHead}><strong>{name}</strong><DraftStatus d={d} /></span><Phone preview={d.preview} language={d.language} label={t('templates.preview_of', { name: `${d.name}, ${name}` })} /></div>;
        })}
      </div>
    </section>
  );
}
