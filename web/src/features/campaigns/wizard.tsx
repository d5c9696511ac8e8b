import { Button } from '@mantine/core';
import { IconArrowLeft, IconArrowRight, IconCheck } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Funnel } from '@/api/types';
import { failed, told } from '@/ui/toast';
import { faults, stepOf, toInput, type Draft } from './model';
import { useSaveTrigger, useTriggerState } from './queries';
import { StepReplies } from './step-replies';
import { StepTry } from './step-try';
import { StepWhen } from './step-when';
import { StepWhere } from './step-where';
import { StepWords } from './step-words';
import css from './campaigns.module.css';

export interface StepProps { draft: Draft; error: unknown; onChange: (next: Partial<Draft>) => void }

const steps = ['where', 'words', 'replies', 'when', 'try'] as const;

/** Five steps from a post to a live trigger. Any of them can be gone to at any time. */
export function Wizard({ id, start, live, funnel }: { id: number | undefined; start: Draft; live: boolean; funnel?: Funnel }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [draft, setDraft] = useState(start);
  const [at, setAt] = useState(0);
  const body = useRef<HTMLDivElement>(null);
  const save = useSaveTrigger(id);
  const state = useTriggerState();
  const missing = faults(draft);
  const go = (step: number) => { setAt(step); body.current?.focus({ preventScroll: true }); body.current?.scrollIntoView({ block: 'nearest' }); };
  const submit = (goLive: boolean) =>
    save.mutate(toInput(draft), {
      onSuccess: async (made) => {
        if (goLive && !live) {
          try { await state.mutateAsync({ id: made.id, state: 'live' }); } catch (e) { failed(e); return; }
        }
        told(t(goLive ? 'triggers.now.live' : 'triggers.saved'));
        void navigate({ to: '/triggers' });
      },
      onError: failed,
    });
  const props: StepProps = { draft, error: save.error, onChange: (next) => setDraft((d) => ({ ...d, ...next })) };
  const busy = save.isPending || state.isPending;
  return (
    <div className={css.wizard}>
      <ol className={css.steps} aria-label={t('wizard.steps')}>
        {steps.map((s, i) => {
          const wanting = missing.some((m) => stepOf[m] === i);
          return (
            <li key={s}>
              <button type="button" className={css.stepLink} aria-current={i === at ? 'step' : undefined} onClick={() => go(i)}>
                <span className={css.stepMark} data-done={!wanting && i < at ? true : undefined}>{!wanting && i < at ? <IconCheck size={14} aria-hidden /> : i + 1}</span>
                <span>{t(`wizard.${s}`)}{wanting && i < at && <small>{t('wizard.wanting')}</small>}</span>
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
        {at === 4 && <StepTry {...props} id={id} missing={missing} onStep={go} {...(funnel ? { funnel } : {})} />}
      </div>
      <div className={css.foot}>
        <Button variant="default" leftSection={<IconArrowLeft size={16} aria-hidden />} disabled={at === 0} onClick={() => go(at - 1)}>{t('wizard.back')}</Button>
        <span className={css.grow} />
        {!live && <Button variant="subtle" disabled={missing.length > 0} loading={busy} onClick={() => submit(false)}>{t('trigger.save_draft')}</Button>}
        {at < steps.length - 1 && <Button rightSection={<IconArrowRight size={16} aria-hidden />} variant={live ? 'default' : 'filled'} onClick={() => go(at + 1)}>{t('wizard.next')}</Button>}
        {(live || at === steps.length - 1) && <Button disabled={missing.length > 0} loading={busy} onClick={() => submit(!live)}>{live ? t('trigger.save_live') : t('trigger.go_live')}</Button>}
      </div>
    </div>
  );
}
