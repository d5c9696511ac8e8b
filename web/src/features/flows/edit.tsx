import { Alert, Button, Menu, Modal, Tabs, Textarea, TextInput } from '@mantine/core';
import { useDebouncedValue, useMediaQuery } from '@mantine/hooks';
import { IconArchive, IconPlus, IconRocket } from '@tabler/icons-react';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useMemo, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/api/session';
import type { BotFlowDetail, FlowCheck } from '@/api/types';
import { stated } from '@/i18n/statement';
import { useConfirm } from '@/ui/confirm';
import { useKeptWork } from '@/ui/kept';
import { PageBody, PageHead, Tag } from '@/ui/parts';
import { Loaded } from '@/ui/states';
import { Taken } from '@/ui/taken';
import { failed, told } from '@/ui/toast';
import { Canvas } from './canvas';
import { addable, addStep, connect, languagesOf, lineStart, stepsOf } from './graph';
import { Phone } from './phone';
import { useArchive, useCheck, useFlow, usePublish, useSaveFlow } from './queries';
import { Split } from './split';
import { Starts } from './starts';
import { Versions } from './versions';
import css from './flows.module.css';

/** One flow: its steps on a canvas with the document beside them, played in a phone, published as versions. */
export default function EditFlow() {
  const { id } = useParams({ from: '/flows/$id' });
  const flow = useFlow(Number(id));
  return <PageBody><Loaded query={flow} rows={8}>{(f) => <Editor key={f.id} flow={f} />}</Loaded></PageBody>;
}

function Editor({ flow }: { flow: BotFlowDetail }) {
  const { t, i18n } = useTranslation();
  const may = useCan('campaign') && !flow.archived;
  const { work: text, setWork: setText, taken, drop } = useKeptWork(`flow.${flow.id}`, flow.document);
  const [revision, setRevision] = useState(flow.revision);
  const [chosen, setChosen] = useState<string>();
  const [at, setAt] = useState<string>();
  const [publishing, setPublishing] = useState(false);
  const [beside, setBeside] = useState('document');
  // On a phone the canvas is read: a touch opens no keyboard far below, and draws no arrow by chance.
  const narrow = useMediaQuery('(max-width: 760px)', false, { getInitialValueInEffect: false });
  const box = useRef<HTMLTextAreaElement>(null);
  const [settled] = useDebouncedValue(text, 400);
  const steps = useMemo(() => stepsOf(settled, i18n.language), [settled, i18n.language]);
  const check = useCheck(settled, true);
  const save = useSaveFlow(flow.id);
  const dirty = text !== flow.document;
  const faults = check.data?.faults ?? [];
  const show = (offset: number) => {
    if (offset < 0) return;
    flushSync(() => setBeside('document')); // what is not shown takes no focus
    const area = box.current;
    if (!area) return;
    area.focus();
    area.setSelectionRange(offset, text.indexOf('\n', offset) < 0 ? text.length : text.indexOf('\n', offset));
    area.scrollTop = Math.max(0, text.slice(0, offset).split('\n').length - 4) * 18;
  };
  const keep = (then?: (f: BotFlowDetail) => void) => save.mutate({ document: text, revision }, { onSuccess: (f) => { drop(f.document); setRevision(f.revision); told(t('flows.saved')); then?.(f); }, onError: failed });
  return (
    <>
      <PageHead title={flow.name} action={may && <Buttons flow={flow} dirty={dirty} saving={save.isPending} onSave={() => keep()} onPublish={() => (dirty ? keep(() => setPublishing(true)) : setPublishing(true))} />}>
        {flow.live_number ? <Tag tone="good">{t('flows.live_n', { n: flow.live_number })}</Tag> : <Tag>{t('flows.draft')}</Tag>} {dirty && <Tag tone="warn">{t('flows.unsaved')}</Tag>}
      </PageHead>
      {taken && <Taken onDrop={() => drop()} />}
      {flow.problems.length > 0 && <Alert color="yellow" p="sm" mb="sm" title={t('flows.problems_text')}>{flow.problems.map((p, i) => <p key={i} className="sentence" style={{ margin: 0 }}>{stated(p.problem_parts, p.problem)}</p>)}</Alert>}
      <Tabs defaultValue="edit" keepMounted={false}>
        <Tabs.List mb="sm"><Tabs.Tab value="edit">{t('flows.edit')}</Tabs.Tab><Tabs.Tab value="starts">{t('flows.starts')}</Tabs.Tab><Tabs.Tab value="versions">{t('flows.versions')}</Tabs.Tab></Tabs.List>
        <Tabs.Panel value="edit">
          <Split
            first={
              <div className={css.side}>
                <Canvas steps={steps} check={check.data} at={at} chosen={chosen} onChoose={(step) => { setChosen(step); const s = steps.find((x) => x.id === step); if (s && beside === 'document' && !narrow) show(s.offset); }}
                  onConnect={may && !narrow ? (from, to) => setText((now) => connect(now, from, to) ?? now) : undefined} />
                {may && <AddStep onAdd={(type) => { const added = addStep(text, type); if (added) { setText(added.document); setChosen(added.id); } }} />}
              </div>
            }
            second={
              <Tabs className={css.beside ?? ''} value={beside} onChange={(v) => setBeside(v ?? 'document')}>
                <Tabs.List><Tabs.Tab value="document">JSON</Tabs.Tab><Tabs.Tab value="play">{t('flows.play')}</Tabs.Tab></Tabs.List>
                <Tabs.Panel value="document" className={css.document ?? ''}>
                  <Textarea ref={box} className={css.json ?? ''} aria-label={t('flows.document')} autosize={false} value={text} readOnly={!may} spellCheck={false} onChange={(e) => setText(e.currentTarget.value)} />
                  <Faults title={t('flows.faults', { count: faults.length })} list={faults} onGo={(line) => show(lineStart(text, line))} tone={css.bad ?? ''} />
                  <Faults title={t('flows.warnings', { count: check.data?.warnings.length ?? 0 })} list={check.data?.warnings ?? []} onGo={(line) => show(lineStart(text, line))} tone={css.warn ?? ''} />
                </Tabs.Panel>
                <Tabs.Panel value="play"><Phone id={flow.id} document={settled} languages={languagesOf(settled)} ready={check.data !== undefined && faults.length === 0} onAt={setAt} /></Tabs.Panel>
              </Tabs>
            }
          />
        </Tabs.Panel>
        <Tabs.Panel value="starts"><Starts flow={flow} may={may} /></Tabs.Panel>
        <Tabs.Panel value="versions"><Versions flow={flow} may={may} onTake={setText} /></Tabs.Panel>
      </Tabs>
      {publishing && <Publish flow={flow} revision={revision} onClose={(f) => { setPublishing(false); if (f) { drop(f.document); setRevision(f.revision); } }} />}
    </>
  );
}

function Buttons({ flow, dirty, saving, onSave, onPublish }: { flow: BotFlowDetail; dirty: boolean; saving: boolean; onSave: () => void; onPublish: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const archive = useArchive(flow.id);
  const [ask, dialog] = useConfirm();
  return (
    <div className={css.bar}>
      <Button variant="subtle" color="red" leftSection={<IconArchive size={16} aria-hidden />} onClick={() => ask({ text: t('flows.archive_text'), verb: t('flows.archive'), run: () => archive.mutate(undefined, { onSuccess: () => void navigate({ to: '/flows' }), onError: failed }) })}>{t('flows.archive')}</Button>
      <Button variant="default" disabled={!dirty} loading={saving} onClick={onSave}>{t('act.save')}</Button>
      <Button leftSection={<IconRocket size={16} aria-hidden />} disabled={!dirty && !flow.changed && flow.problems.length === 0} onClick={onPublish}>{t('flows.publish')}</Button>
      {dialog}
    </div>
  );
}

function AddStep({ onAdd }: { onAdd: (type: string) => void }) {
  const { t } = useTranslation();
  return (
    <Menu position="bottom-start" withinPortal>
      <Menu.Target><Button variant="default" size="xs" leftSection={<IconPlus size={14} aria-hidden />} style={{ justifySelf: 'start' }}>{t('flows.add_step')}</Button></Menu.Target>
      <Menu.Dropdown>{addable.map((type) => <Menu.Item key={type} onClick={() => onAdd(type)}>{t(`flows.type.${type}`)}</Menu.Item>)}</Menu.Dropdown>
    </Menu>
  );
}

function Faults({ title, list, onGo, tone }: { title: string; list: FlowCheck['faults']; onGo: (line: number) => void; tone: string }) {
  const { t } = useTranslation();
  if (list.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2 className={tone}>{title}</h2>
      <ul className={css.faults}>{list.map((f, i) => <li key={i}><button type="button" onClick={() => onGo(f.line)}><small>{f.line > 0 ? t('flows.line', { line: f.line }) : ''} <code>{f.path}</code></small><br />{stated(f.problem_parts, f.problem)}</button></li>)}</ul>
    </section>
  );
}

function Publish({ flow, revision, onClose }: { flow: BotFlowDetail; revision: number; onClose: (f?: BotFlowDetail) => void }) {
  const { t } = useTranslation();
  const [note, setNote] = useState('');
  const publish = usePublish(flow.id);
  return (
    <Modal opened closeButtonProps={{ 'aria-label': t('act.close') }} onClose={() => onClose()} title={t('flows.publish_title', { n: flow.last_number + 1 })}>
      <form onSubmit={(e) => { e.preventDefault(); publish.mutate({ revision, note }, { onSuccess: (f) => { told(t('flows.published', { n: f.last_number })); onClose(f); }, onError: failed }); }}>
        <p className={css.hint}>{t('flows.publish_text')}</p>
        {flow.starts.length === 0 && <p className={css.warn}>{t('flows.no_starts')}</p>}
        <TextInput label={t('flows.note')} value={note} maxLength={500} onChange={(e) => setNote(e.currentTarget.value)} my="sm" data-autofocus />
        <Button type="submit" loading={publish.isPending}>{t('flows.publish')}</Button>
      </form>
    </Modal>
  );
}
