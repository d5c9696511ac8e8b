import { Button, Group, Modal } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

interface Question { text: string; verb: string; run: () => void }

/** Asks before something that cannot be taken back; returns the asking and the dialog to draw. */
export function useConfirm(): [(question: Question) => void, ReactNode] {
  const { t } = useTranslation();
  const [question, setQuestion] = useState<Question | undefined>();
  const close = () => setQuestion(undefined);
  const dialog = (
    <Modal opened={question !== undefined} onClose={close} withCloseButton={false} size="sm" padding="lg" attributes={{ content: { 'aria-label': question?.verb ?? '' } }}>
      <p className="sentence" style={{ margin: '0 0 18px' }}>{question?.text}</p>
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={close} data-autofocus>{t('act.cancel')}</Button>
        <Button color="red" onClick={() => { question?.run(); close(); }}>{question?.verb}</Button>
      </Group>
    </Modal>
  );
  return [setQuestion, dialog];
}
