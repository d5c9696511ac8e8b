import { Button } from '@mantine/core';
import { IconMessageQuestion, IconNotebook } from '@tabler/icons-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useLedger } from '@/api/consent';
import { ApiError } from '@/api/errors';
import { useCan } from '@/api/session';
import { LedgerRow } from '@/ui/ledger-row';
import { PageBody, PageHead } from '@/ui/parts';
import { Rows } from '@/ui/rows';
import { Empty, Failure } from '@/ui/states';
import { Verify } from './verify';

const route = getRouteApi('/consent');

/** The consent ledger: every ask, yes, no and withdrawal with its proof, and whether the chain is whole. */
export default function Consent() {
  const { t } = useTranslation();
  const audit = useCan('audit');
  const { contact } = route.useSearch();
  const list = useLedger(contact, audit);
  if (!audit) return <Failure error={new ApiError(403, {})} />;
  return (
    <PageBody>
      <PageHead title={t('ledger.title')} action={<Button renderRoot={(p) => <Link to="/consent/asking" {...p} />} variant="default" leftSection={<IconMessageQuestion size={16} aria-hidden />}>{t('asking.title')}</Button>}>{t('ledger.lead')}</PageHead>
      <Verify />
      {contact && <p>{t('ledger.one_person')} <Link to="/consent">{t('ledger.everybody')}</Link></p>}
      <Rows list={list} label={t('ledger.title')} empty={<Empty title={t('ledger.none')} icon={<IconNotebook size={26} stroke={1.4} aria-hidden />}>{t('ledger.none_text')}</Empty>}>
        {(e) => <LedgerRow key={e.seq} e={e} />}
      </Rows>
    </PageBody>
  );
}
