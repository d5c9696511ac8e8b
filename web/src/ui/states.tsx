import { Button, Skeleton } from '@mantine/core';
import { IconCloudOff, IconLock, IconMoodEmpty, IconPlugConnectedX, IconSearchOff } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, errorKind } from '@/api/errors';
import css from './parts.module.css';
import { problemText } from './toast';

/** A list or page that has nothing to show, and what to do about it. */
export function Empty({ title, children, action, icon, page }: { /** nothing else names the page */ page?: boolean; title: string; children?: ReactNode; action?: ReactNode; icon?: ReactNode }) {
  return (
    <div className={css.state}>
      {icon ?? <IconMoodEmpty size={26} stroke={1.4} aria-hidden />}
      {page ? <h1>{title}</h1> : <strong>{title}</strong>}
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

/** Grey lines where a list will be. */
export function Loading({ rows = 4 }: { rows?: number }) {
  const { t } = useTranslation();
  return (
    <div className={css.skeleton} role="status" aria-label={t('state.loading')}>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i}>
          <Skeleton height={10} width={`${38 + ((i * 23) % 34)}%`} mb={7} />
          <Skeleton height={10} width={`${62 + ((i * 17) % 30)}%`} />
        </div>
      ))}
    </div>
  );
}

const icons = { forbidden: IconLock, not_found: IconSearchOff, offline: IconCloudOff } as const;

/** What went wrong, in the reader's words, with a way to try again where that can help. */
export function Failure({ error, retry, page }: { /** nothing else names the page */ page?: boolean; error: unknown; retry?: () => void }) {
  const { t } = useTranslation();
  const kind = errorKind(error);
  const Icon = icons[kind as keyof typeof icons] ?? IconPlugConnectedX;
  const known = ['forbidden', 'not_found', 'offline', 'unavailable', 'too_many'].includes(kind) ? kind : 'other';
  const said = error instanceof ApiError && known === 'other' ? problemText(error) : '';
  return (
    <div className={css.state} role="alert">
      <Icon size={26} stroke={1.4} aria-hidden />
      {page ? <h1>{t(`failure.${known}.title`)}</h1> : <strong>{t(`failure.${known}.title`)}</strong>}
      <p>{said || t(`failure.${known}.text`)}</p>
      {retry && kind !== 'forbidden' && kind !== 'not_found' && (
        <Button variant="default" mt={6} onClick={retry}>
          {t('state.retry')}
        </Button>
      )}
    </div>
  );
}

/** Draws a query: loading, failed, or what it brought. */
export function Loaded<T>({ query, rows, children }: { query: UseQueryResult<T>; rows?: number; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  return <Loading {...(rows === undefined ? {} : { rows })} />;
}
