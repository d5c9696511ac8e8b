import { Button } from '@mantine/core';
import { IconArrowBackUp, IconCheck, IconEye, IconEyeOff, IconHierarchy2, IconMessageReply, IconTrash, IconUserShare, type Icon } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { possible } from './flow';
import css from './moderation.module.css';
import type { Verb } from './queries';

interface Props {
  can: ReturnType<typeof possible>;
  busy: boolean;
  inQueue: boolean;
  onAct: (verb: Verb) => void;
  onReply: () => void;
  onPass: () => void;
  onEscalate?: () => void;
  onTakeBack?: () => void;
}

/** What can be done now, each with its key. */
export function ActionBar({ can, busy, inQueue, onAct, onReply, onPass, onEscalate, onTakeBack }: Props) {
  const { t } = useTranslation();
  const button = (on: boolean, icon: Icon, label: string, key: string, run: () => void, variant = 'default', color?: string) => {
    const Icon = icon;
    return on && (
      <Button key={key} size="xs" h={34} variant={variant} {...(color ? { color } : {})} disabled={busy} onClick={run} leftSection={<Icon size={16} aria-hidden />} aria-keyshortcuts={key}>
        {label}<kbd className={css.key} aria-hidden>{key}</kbd>
      </Button>
    );
  };
  return (
    <div className={css.actions} role="toolbar" aria-label={t('moderation.actions')}>
      {button(can.approve, IconCheck, t('act.approve'), 'a', () => onAct('approve'), inQueue ? 'filled' : 'default')}
      {button(can.hide, IconEyeOff, t('act.hide'), 'h', () => onAct('hide'))}
      {button(can.unhide, IconEye, t('act.unhide'), 'u', () => onAct('unhide'))}
      {button(can.delete, IconTrash, t('act.delete'), 'd', () => onAct('delete'))}
      {button(can.reply, IconMessageReply, t('act.reply'), 'r', onReply)}
      {button(can.pass, IconUserShare, t('moderation.pass_short'), 'p', onPass)}
      {button(onEscalate !== undefined, IconHierarchy2, t('escalate.short'), 'e', () => onEscalate?.())}
      {onTakeBack ? button(true, IconArrowBackUp, t('moderation.undo_last'), 'z', onTakeBack, 'subtle') : button(can.undo, IconArrowBackUp, t('act.undo'), 'z', () => onAct('undo'), 'subtle')}
    </div>
  );
}
