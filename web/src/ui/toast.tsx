import { Button, Group } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { ApiError, errorKind } from '@/api/errors';
import { i18n } from '@/i18n';
import { stated } from '@/i18n/statement';
import { NotUtf8 } from './file-text';
import { labelled } from './format';

/** Tells shortly that something was done, with a way back where there is one. */
export function told(message: string, undo?: () => void) {
  const id = `told-${Date.now()}`;
  notifications.show({
    id,
    color: 'petrol',
    closeButtonProps: { 'aria-label': i18n.t('act.close') },
    autoClose: undo ? 8000 : 3500,
    message: undo ? (
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <span>{message}</span>
        <Button size="compact-sm" variant="light" aria-label={labelled(i18n.t('act.undo'), message, i18n.language)} onClick={() => { notifications.hide(id); undo(); }}>
          {i18n.t('act.undo')}
        </Button>
      </Group>
    ) : message,
  });
}

/** Why something failed, for the reader: in our words where the service names it, else in its own, which are English. */
export function problemText(error: unknown): string {
  if (error instanceof NotUtf8) return i18n.t('failure.not_utf8', { name: error.message });
  const said = error instanceof ApiError && error.message && errorKind(error) !== 'offline' ? error.message : '';
  if (i18n.language === 'en') return said || i18n.t(`failure.${knownKind(error)}.text`);
  const code = error instanceof ApiError ? error.problem.code || (error.kind === 'internal' ? 'internal' : '') : '';
  if (code && i18n.exists(`refusal.${code}`)) return i18n.t(`refusal.${code}`);
  const own = error instanceof ApiError ? stated(error.problem.parts, '') : '';
  const kind = knownKind(error);
  return own || said && kind === 'other' ? own || said : i18n.t(`failure.${kind}.text`);
}

function knownKind(error: unknown): string {
  const kind = errorKind(error);
  return ['forbidden', 'not_found', 'offline', 'unavailable', 'too_many'].includes(kind) ? kind : 'other';
}

/** Tells that something failed and why. */
export function failed(error: unknown) {
  notifications.show({ color: 'red', closeButtonProps: { 'aria-label': i18n.t('act.close') }, autoClose: 8000, title: i18n.t(`failure.${knownKind(error)}.title`), message: problemText(error) });
}
