import { Button, CopyButton } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { IconShieldCheck, IconShieldX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '@/api/client';
import type { ConsentReport } from '@/api/types';
import { failed } from '@/ui/toast';
import css from './consent.module.css';

/** Reads the whole chain again and says whether an entry was changed, taken out or put in. */
export function Verify() {
  const { t } = useTranslation();
  const check = useMutation({ mutationFn: () => unwrap<ConsentReport>(api.GET('/consent/verify')), onError: failed });
  const r = check.data;
  return (
    <section className={`panel ${css.verify}`} aria-label={t('ledger.verify')}>
      <div>
        <h2>{t('ledger.verify')}</h2>
        <p>{t('ledger.verify_text')}</p>
      </div>
      <Button variant="default" loading={check.isPending} leftSection={<IconShieldCheck size={17} aria-hidden />} onClick={() => check.mutate()}>{t('ledger.verify_do')}</Button>
      <div className={css.result} role="status">
        {r && (r.ok
          ? <p className={css.good}><IconShieldCheck size={18} aria-hidden />{t('ledger.whole', { count: r.entries })}{r.erased > 0 && ` ${t('ledger.whole_erased', { count: r.erased })}`}</p>
          : <><p className={css.bad}><IconShieldX size={18} aria-hidden />{t('ledger.broken', { count: r.problems.length })}</p><ul>{r.problems.map((p, i) => <li key={i}>{t('contact.entry', { n: p.seq })}: {p.what}</li>)}</ul></>)}
        {r && r.entries > 0 && (
          <p className={css.head}>
            {t('ledger.head', { n: r.head.seq })} <code>{r.head.hash.slice(0, 16)}…</code>
            <CopyButton value={`${r.head.seq} ${r.head.hash}`}>{({ copied, copy }) => <Button size="compact-sm" variant="default" onClick={copy}>{t(copied ? 'act.copied' : 'act.copy')}</Button>}</CopyButton>
          </p>
        )}
      </div>
    </section>
  );
}
