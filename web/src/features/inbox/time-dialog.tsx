import { Button, Checkbox, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { laterTimes, localValue } from './when';

interface Props { title: string; verb: string; before?: string | null; unlessWritten?: boolean; onClose: () => void; onChoose: (at: string, unlessWritten: boolean) => void }

/** Asks for a time ahead; "before" is the last one that works. */
export function TimeDialog({ title, verb, before, unlessWritten, onClose, onChoose }: Props) {
  const { t } = useTranslation();
  const [open] = useState(() => new Date());
  const [value, setValue] = useState(() => localValue(laterTimes(open)[0]?.at ?? open));
  const [unless, setUnless] = useState(true);
  const at = new Date(value);
  const wrong = Number.isNaN(at.getTime()) || at <= open ? t('inbox.time_past') : before && at.toISOString() >= before ? t('inbox.time_shut') : undefined;
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={(e) => { e.preventDefault(); if (!wrong) onChoose(at.toISOString(), unless); }}>
        <Stack gap="sm">
          <TextInput type="datetime-local" label={t('inbox.time')} value={value} min={localValue(open)} {...(before ? { max: localValue(new Date(before)) } : {})} error={wrong} onChange={(e) => setValue(e.currentTarget.value)} data-autofocus />
          {unlessWritten && <Checkbox label={t('inbox.unless_written')} checked={unless} onChange={(e) => setUnless(e.currentTarget.checked)} />}
          <Group justify="flex-end"><Button type="submit" disabled={wrong !== undefined}>{verb}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}
