import { Button } from '@mantine/core';
import { IconPlugConnected } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ComponentProps } from 'react';
import { useTranslation } from 'react-i18next';
import { useAccounts } from '@/api/overview';
import { useCan } from '@/api/session';
import { Empty } from './states';

/** A list that fills from the networks and is empty. As long as no account is connected nothing can come: that is said instead, with what to do. */
export function NothingYet(props: ComponentProps<typeof Empty>) {
  const { t } = useTranslation();
  const configure = useCan('configure');
  const accounts = useAccounts().data?.items;
  if (accounts?.length !== 0) return <Empty {...props} />;
  return (
    <Empty title={t('unconnected.title')} icon={<IconPlugConnected size={26} stroke={1.4} aria-hidden />} action={configure && <Button mt={6} renderRoot={(p) => <Link to="/accounts" {...p} />}>{t('unconnected.connect')}</Button>}>
      {t(configure ? 'unconnected.text' : 'unconnected.ask')}
    </Empty>
  );
}
