import { Button, Group, Modal } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

interface Question { text: string; verb: string; run: () => void }

/** Asks before something that cannot be taken back; returns the asking and the dialog to draw. */
export function useConfirm(): [(question: Question) => void, ReactNode] {
  const [question, setQuestion] = useState<Question | undefined>();
  const close = () => setQuestion(undefined);
  return [setQuestion, <Asked key="asked" open={question !== undefined} text={question?.text ?? ''} verb={question?.verb ?? ''} onNo={close} onYes={() => { question?.run(); close(); }} />];
}

/** The question itself, where something else than a press asks it. */
export function Asked({ open, text, verb, onYes, onNo }: { open: boolean; text: string; verb: string; onYes: () => void; onNo: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal opened={open} onClose={onNo} withCloseButton={false} size="sm" padding="lg" attributes={{ content: { 'aria-label': verb } }}>
      <p className="sentence" style={{ margin: '0 0 18px' }}>{text}</p>
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onNo} data-autofocus>{t('act.cancel')}</Button>
        <Button color="red" onClick={onYes}>{verb}</Button>
      </Group>
    </Modal>
  );
}
