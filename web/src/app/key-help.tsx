import { Modal, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useScopes } from '@/ui/keys';
import css from './shell.module.css';

/** Every key that works on the screen that is open. */
export function KeyHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const scopes = useScopes();
  return (
    <Modal opened={opened} onClose={onClose} title={t('keys.help')} closeButtonProps={{ 'aria-label': t('act.close') }} size="md">
      {[...scopes].reverse().map((scope) => (
        <section key={scope.title}>
          <Title order={3} mb={8}>{scope.title}</Title>
          <dl className={css.keys}>
            {scope.bindings.filter((b) => !b.hidden).map((b) => (
              <div key={b.key} style={{ display: 'contents' }}>
                <dt>{b.key.split(' ').map((k) => <kbd key={k}>{k}</kbd>)}</dt>
                <dd>{b.label}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Modal>
  );
}
