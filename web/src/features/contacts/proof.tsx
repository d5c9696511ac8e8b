import { Button, Group } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { fileLink } from '@/api/client';

/** Takes everything that proves a person's consent out of the ledger, as a file or on paper. */
export function Proof({ contact }: { contact: number }) {
  const { t } = useTranslation();
  const icon = <IconDownload size={14} aria-hidden />;
  return (
    <Group gap={6} mt={10}>
      <Button component="a" href={fileLink(`/contacts/${contact}/evidence.pdf`)} download size="compact-sm" variant="default" leftSection={icon}>{t('contacts.proof_pdf')}</Button>
      <Button component="a" href={fileLink(`/contacts/${contact}/evidence`)} download size="compact-sm" variant="default" leftSection={icon}>{t('contacts.proof_json')}</Button>
    </Group>
  );
}
