import { Button } from '@mantine/core';
import { IconArrowLeft, IconArrowRight, IconCheck } from '@tabler/icons-react';
import { useBlocker, useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { Funnel } from '@/api/types';
import { Asked } from '@/ui/confirm';
import { useKeptWork } from '@/ui/kept';
import { useKeys } from '@/ui/keys';
import { Taken } from '@/ui/taken';
import { failed, told } from '@/ui/toast';
import { faults, stepOf, toInput, type Draft, type Fault } from './model';
import { useSaveTrigger, useTriggerState } from './queries';
import { StepReplies } from './step-replies';
import { StepTry } from './step-try';
import { StepWhen } from './step-when';
import { StepWhere } from './step-where';
import { StepWords } from './step-words';
import css from './campaigns.module.css';

export interface StepProps {
  draft: Draft;
  error: unknown;
  /** What to say at the fields: faults once somebody has tried to save. */
  lacking: readonly Fault[];
  onChange: (next: Partial<Draft>) => void;
}

const steps = ['where', 'words', 'replies', 'when', 'try'] as const;

/** Five steps from a post to a live trigger. Any of them can be gone to at any time. */
export function Wizard({ id, workspace, start, live, funnel }: { id: number | undefined; workspace: number; start: Draft; live: boolean; funnel?: Funnel }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  // A new one begins the same whatever language it is begun in.
  const { work: draft, setWork: setDraft, taken, drop } = useKeptWork(id === undefined ? `trigger.new.${workspace}` : `trigger.${id}`, start, id === undefined ? 'new' : undefined);
  const [at, setAt] = useState(0);
  const body = useRef<HTMLDivElement>(null);
  const save = useSaveTrigger(id);
  const state = useTriggerState();
  const missing = faults(draft);
  const [tried, setTried] = useState(0);
  const [looking, setLooking] = useState<Fault>();
  const saved = useRef(false);
  const dirty = JSON.stringify(draft) !== JSON.stringify(start);
  const leaving = useBlocker({ shouldBlockFn: () => dirty && !saved.current, enableBeforeUnload: false, withResolver: true });
  const leave = () => void navigate({ to: '/triggers' });
  // A list that is open has its own Escape, and so has a question.
  const escape = (e: KeyboardEvent<HTMLDivElement>) => {
    if (e.key !== 'Escape' || e.defaultPrevented || !(e.target instanceof HTMLElement) || !e.currentTarget.contains(e.target) || e.target.getAttribute('aria-expanded') === 'true') return;
    e.preventDefault();
    leave();
  };
  useKeys(t('triggers.edit'), [{ key: 'Escape', label: t('wizard.leave'), run: leave }]);
  useEffect(() => {
    if (looking === undefined) return;
    body.current?.querySelector<HTMLElement>(`[data-fault~="${looking}"] :is(input, textarea, button):not([type="hidden"])`)?.focus();
  }, [looking, at, tried]);
  const go = (step: number) => { setLooking(undefined); setAt(step); body.current?.focus({ preventScroll: true }); body.current?.scrollIntoView({ block: 'nearest' }); };
  const mend = (fault: Fault) => { setTried((n) => n + 1); setAt(stepOf[fault]); setLooking(fault); };
  const submit = (goLive: boolean) => {
    const first = [...missing].sort((a, b) => stepOf[a] - stepOf[b])[0];
    if (first) return mend(first);
    save.mutate({ body: toInput(draft), revision: draft.revision }, {
      onSuccess: async (made) => {
        if (goLive && !live) {
          try { await state.mutateAsync({ id: made.id, state: 'live' }); } catch (e) {
            failed(e);
            setDraft((d) => ({ ...d, revision: made.revision })); // it is saved: what is pressed next changes this one
            if (id === undefined) { // it is made: what is pressed next changes it
              saved.current = true;
              drop();
              void navigate({ to: '/triggers/$id', params: { id: String(made.id) } });
            }
            return;
          }
        }
        saved.current = true;
        drop();
        told(t(goLive ? 'triggers.now.live' : 'triggers.saved'));
        void navigate({ to: '/triggers' });
      },
      onError: failed,
    });
  };
  const props: StepProps = { draft, error: save.error, lacking: tried > 0 ? missing : [], onChange: (next) => setDraft((d) => ({ ...d, ...next })) };
  const busy = save.isPending || state.isPending;
  return (
    <div className={css.wizard} onKeyDown={escape}>
      {taken && <Taken onDrop={() => drop()} />}
      <ol className={css.steps} aria-label={t('wizard.steps')}>
        {steps.map((s, i) => {
          const wanting = missing.some((m) => stepOf[m] === i);
          return (
            <li key={s}>
              <button type="button" className={css.stepLink} aria-current={i === at ? 'step' : undefined} onClick={() => go(i)}>
                <span className={css.stepMark} data-done={!wanting && i < at ? true : undefined}>{!wanting && i < at ? <IconCheck size={14} aria-hidden /> : i + 1}</span>
                <span>{t(`wizard.${s}`)}{wanting && (i < at || tried > 0) && <small>{t('wizard.wanting')}</small>}</span>
              </button>
            </li>
          );
        })}
      </ol>
      <div ref={body} tabIndex={-1} className={css.stepBody} role="group" aria-label={t(`wizard.${steps[at] ?? 'where'}`)}>
        {at === 0 && <StepWhere {...props} />}
        {at === 1 && <StepWords {...props} />}
        {at === 2 && <StepReplies {...props} />}
        {at === 3 && <StepWhen {...props} />}
        {at === 4 && <StepTry {...props} id={id} missing={missing} onMend={mend} {...(funnel ? { funnel } : {})} />}
      </div>
      {tried > 0 && missing.length > 0 && <div key={tried} role="alert" className="sr-only">{t('wizard.lacks', { count: missing.length, what: missing.map((m) => t(`trigger.missing.${m}`, { link: '{{link}}' })).join(' ') })}</div>}
      <div className={css.foot}>
        <Button variant="default" leftSection={<IconArrowLeft size={16} aria-hidden />} disabled={at === 0} onClick={() => go(at - 1)}>{t('wizard.back')}</Button>
        <span className={css.grow} />
        {!live && <Button variant="subtle" loading={busy} onClick={() => submit(false)}>{t('trigger.save_draft')}</Button>}
        {at < steps.length - 1 && <Button rightSection={<IconArrowRight size={16} aria-hidden />} variant={live ? 'default' : 'filled'} onClick={() => go(at + 1)}>{t('wizard.next')}</Button>}
        {(live || at === steps.length - 1) && <Button loading={busy} onClick={() => submit(!live)}>{live ? t('trigger.save_live') : t('trigger.go_live')}</Button>}
      </div>
      <Asked open={leaving.status === 'blocked'} text={t('wizard.drop_text')} verb={t('wizard.drop')} onYes={() => { drop(); leaving.proceed?.(); }} onNo={() => leaving.reset?.()} />
    </div>
  );
}
