import { Alert, Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Loaded } from '@/ui/states';
import { failed, told } from '@/ui/toast';
import css from './contacts.module.css';
import { useErase, useErasure } from './queries';

const goes = ['identities', 'comments', 'messages', 'conversations', 'waiting'] as const;
const stays = ['consent', 'actions'] as const;

/** Shows what goes and what stays, and asks for the person's name before it is done: it cannot be taken back. */
export function Erase({ id, name, onClose }: { id: number; name: string; onClose: () => void }) {
  const { t } = useTranslation();
  const [asked] = useState(name); // the page forgets it a moment before this closes
  const query = useErasure(id);
  const erase = useErase(id);
  const [typed, setTyped] = useState('');
  const right = typed.trim().toLocaleLowerCase() === asked.trim().toLocaleLowerCase();
  const submit = () => { if (right) erase.mutate(undefined, { onSuccess: () => { told(t('contacts.erase_done')); onClose(); }, onError: failed }); };
  return (
    <Modal opened onClose={onClose} title={t('contacts.erase_title', { name: asked })} closeButtonProps={{ 'aria-label': t('act.close') }}>
      <form onSubmit={(e) => { e.preventDefault(); submit(); }}>
        <Stack gap="md">
          <Loaded query={query} rows={2}>
            {(e) => (
              <>
                <div><strong>{t('contacts.goes')}</strong><ul className={css.goes}>{goes.filter((g) => e[g] > 0).map((g) => <li key={g}>{t(`erase.goes.${g}`, { count: e[g] })}</li>)}<li>{t('contacts.goes_rest')}</li></ul></div>
                <div><strong>{t('contacts.stays')}</strong><ul className={css.goes}>{stays.filter((s) => e[s] > 0).map((s) => <li key={s}>{t(`erase.stays.${s}`, { count: e[s] })}</li>)}<li>{t('contacts.stays_rest')}</li></ul></div>
              </>
            )}
          </Loaded>
          <Alert color="red" p="sm">{t('contacts.erase_final')}</Alert>
          <TextInput label={t('contacts.erase_type', { name: asked })} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} autoComplete="off" data-autofocus />
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>{t('act.cancel')}</Button><Button type="submit" color="red" disabled={!right || !query.data} loading={erase.isPending}>{t('contacts.erase')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}
